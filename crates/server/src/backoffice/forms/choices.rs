//! What a form offers to choose from. What an answer is read with is [`flow::context`](crate::backoffice::flow::context).

use mydata_domain::category::{Area, Categories};
use mydata_domain::dataset::DatasetState;
use mydata_domain::forms::FormKind;
use mydata_domain::organisation::OrganisationId;
use mydata_domain::{Dataset, Zone};
use mydata_store::StoreError;
use mydata_store::repo::accounts;
use mydata_store::repo::registry::Catalogue;

use crate::app::App;
use crate::backoffice::parts::field::Choice;
use crate::web::Lang;

/// Up to so many datasets are all offered; of more, those that are chosen and those that are searched for.
pub const ALL_DATASETS: usize = 40;
/// Most datasets that a search offers.
const FOUND_DATASETS: usize = 40;

/// A dataset that may be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetChoice {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The same in English.
    pub name_en: String,
    /// Whose it is.
    pub provider: String,
    /// The same in English.
    pub provider_en: String,
    /// Its category.
    pub category: String,
}

/// A category to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryChoice {
    /// Its path, as it is filed.
    pub path: String,
    /// What readers see.
    pub name: String,
    /// The same in English.
    pub name_en: String,
}

/// The tree that a form chooses from.
pub fn area(form: FormKind) -> Area {
    match form {
        FormKind::Dataset | FormKind::GoLiveDataset => Area::Dataset,
        _ => Area::Service,
    }
}

fn category(tree: &Categories, area: Area, path: String) -> CategoryChoice {
    let [name, name_en] = [false, true].map(|english| tree.label(area, &path, english));
    CategoryChoice { path, name, name_en }
}

fn categories(tree: &Categories, area: Area) -> Vec<CategoryChoice> {
    tree.offered(area).into_iter().map(|path| category(tree, area, path)).collect()
}

/// An organisation to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationChoice {
    /// Its id.
    pub id: OrganisationId,
    /// Its name.
    pub name: String,
    /// The same in English.
    pub name_en: String,
}

/// What a form offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// 類別 of the form's kind.
    pub categories: Vec<CategoryChoice>,
    /// 目的事業主管機關.
    pub authorities: Vec<OrganisationChoice>,
    /// Datasets, by name.
    pub datasets: Vec<DatasetChoice>,
}

impl Choices {
    /// What a form offers now. A service asks for datasets of its own zone (R94).
    ///
    /// # Errors
    /// The store fails.
    pub async fn of(app: &App, form: FormKind, zone: Zone) -> Result<Self, StoreError> {
        let (catalogue, system) = (app.catalogue().await?, app.system().await?);
        let mut choices = Self { categories: categories(&system.categories, area(form)), ..Self::default() };
        if form == FormKind::Organisation {
            let ids = accounts::authorities(&app.store.db).await?;
            choices.authorities = ids.into_iter().filter_map(|id| organisation(&catalogue, id)).collect();
        }
        if asks_for_datasets(form) {
            choices.datasets = datasets(&catalogue, zone);
        }
        Ok(choices)
    }

    /// What answers are named with, wherever they were given: as [`Self::of`], with the datasets of both zones.
    ///
    /// # Errors
    /// The store fails.
    pub async fn to_name(app: &App, form: FormKind) -> Result<Self, StoreError> {
        let mut choices = Self::of(app, form, Zone::Test).await?;
        if asks_for_datasets(form) {
            choices.datasets.extend(datasets(&*app.catalogue().await?, Zone::Production));
        }
        Ok(choices)
    }

    /// Offers the category that an item has, too: it keeps it when it is retired.
    pub fn keep_category(&mut self, tree: &Categories, form: FormKind, path: &str) {
        if tree.knows(area(form), path) && self.categories.iter().all(|c| c.path != path) {
            self.categories.push(category(tree, area(form), path.to_owned()));
        }
    }

    /// The datasets to offer: all while they are few; else what is chosen and what is searched for.
    pub fn offered(&self, lang: Lang, chosen: &[String], search: &str) -> Vec<Choice> {
        let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
        let is_found = |d: &DatasetChoice| {
            let text = [&d.name, &d.name_en, &d.provider, &d.provider_en, &d.category, &d.id]
                .map(|t| t.to_lowercase());
            !words.is_empty() && words.iter().all(|word| text.iter().any(|t| t.contains(word.as_str())))
        };
        let (kept, rest): (Vec<_>, Vec<_>) = self.datasets.iter().partition(|d| chosen.contains(&d.id));
        let rest = rest.into_iter().filter(|d| !self.is_searched() || is_found(d));
        let offered = kept.into_iter().chain(rest.take(FOUND_DATASETS));
        offered
            .map(|d| {
                Choice::new(&d.id, lang.pick(&d.name, Some(&d.name_en))).hint(format!(
                    "{} · {} · {}",
                    lang.pick(&d.provider, Some(&d.provider_en)),
                    d.category,
                    d.id
                ))
            })
            .collect()
    }

    /// Whether there are too many datasets to offer all.
    pub fn is_searched(&self) -> bool {
        self.datasets.len() > ALL_DATASETS
    }

    /// A dataset's name, for showing.
    pub fn dataset_name<'c>(&'c self, lang: Lang, id: &'c str) -> &'c str {
        self.datasets.iter().find(|d| d.id == id).map_or(id, |d| lang.pick(&d.name, Some(&d.name_en)))
    }

    /// An authority's name, for showing.
    pub fn authority_name<'c>(&'c self, lang: Lang, id: &'c str) -> &'c str {
        let found = self.authorities.iter().find(|a| a.id.as_str() == id);
        found.map_or(id, |a| lang.pick(&a.name, Some(&a.name_en)))
    }
}

/// Whether a form asks for datasets.
fn asks_for_datasets(form: FormKind) -> bool {
    matches!(
        form,
        FormKind::Service
            | FormKind::CounterService
            | FormKind::GoLiveService
            | FormKind::GoLiveCounterService
    )
}

fn organisation(catalogue: &Catalogue, id: OrganisationId) -> Option<OrganisationChoice> {
    let found = catalogue.organisation(id.as_str())?;
    Some(OrganisationChoice { name: found.name.clone(), name_en: found.name_en.clone(), id })
}

fn datasets(catalogue: &Catalogue, zone: Zone) -> Vec<DatasetChoice> {
    let gone = [DatasetState::Delisted, DatasetState::Stopped];
    let offered = |d: &Dataset| d.zone == zone && !gone.contains(&d.state);
    let mut all: Vec<DatasetChoice> = catalogue
        .datasets
        .values()
        .map(|d| &d.dataset)
        .filter(|d| offered(d))
        .map(|d| {
            let provider = catalogue.organisation(d.organisation.as_str());
            DatasetChoice {
                id: d.resource_id.to_string(),
                name: d.name.clone(),
                name_en: d.name_en.clone(),
                provider: provider.map_or_else(String::new, |o| o.name.clone()),
                provider_en: provider.map_or_else(String::new, |o| o.name_en.clone()),
                category: d.category.clone(),
            }
        })
        .collect();
    all.sort_by(|a, b| (&a.category, &a.name, &a.id).cmp(&(&b.category, &b.name, &b.id)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(count: usize) -> Choices {
        let dataset = |n: usize| DatasetChoice {
            id: format!("API.demo{n:04}"),
            name: format!("示範資料 {n}"),
            name_en: format!("Demo data {n}"),
            provider: "示範圖書館".to_owned(),
            provider_en: "Demo Library".to_owned(),
            category: "教育".to_owned(),
        };
        Choices { datasets: (0..count).map(dataset).collect(), ..Choices::default() }
    }

    #[test]
    fn few_datasets_are_all_offered_and_of_many_only_what_is_looked_for() {
        assert_eq!(choices(ALL_DATASETS).offered(Lang::ZhTw, &[], "").len(), ALL_DATASETS);
        let many = choices(5_000);
        assert!(many.offered(Lang::ZhTw, &[], "").is_empty());
        let chosen = ["API.demo0007".to_owned()];
        let offered = many.offered(Lang::ZhTw, &chosen, "");
        assert_eq!(offered.len(), 1, "what is chosen stays on the page");
        let offered = many.offered(Lang::En, &chosen, "demo 499");
        assert_eq!(offered[0].value, "API.demo0007");
        assert!(offered.len() > 1 && offered[1].label.contains("499"));
        assert_eq!(many.offered(Lang::ZhTw, &[], "圖書館").len(), FOUND_DATASETS);
        assert!(many.offered(Lang::ZhTw, &[], "沒有這個").is_empty());
    }
}
