//! 類別: the trees that datasets and services are sorted by (R91). Names change, keys do not; what is retired is offered no
//! longer, and items keep it.

use askama::Template;
use http::StatusCode;
use mydata_domain::audit::What;
use mydata_domain::category::{self, Area, Categories, Category, CategoryId};
use mydata_domain::forms::Fault as Wrong;
use mydata_store::StoreError;
use mydata_store::repo::{audit, categories as kept};
use serde_json::json;

use super::{above, may_keep};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::forms::words;
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::field::Field;
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::password::FormPage;
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::Lang;

/// The page of a tree.
#[derive(Template)]
#[template(path = "backoffice/categories.html")]
pub struct CategoriesPage {
    /// The frame.
    pub frame: Frame,
    /// Both trees; the one that is shown is marked.
    pub trees: Vec<(Link, bool)>,
    /// How it works.
    pub hint: String,
    /// Adds a part at the root.
    pub new: Option<Link>,
    /// The parts.
    pub rows: Vec<CategoryRow>,
    /// Where the buttons post to.
    pub action: String,
    /// Whether there are buttons.
    pub keeps: bool,
}

/// A part of the tree.
#[derive(Debug, Clone)]
pub struct CategoryRow {
    /// Its id.
    pub id: String,
    /// From 1.
    pub level: usize,
    /// Its name.
    pub name: String,
    /// The same in the other language.
    pub other: String,
    /// 停用.
    pub retired: Option<Chip>,
    /// What may be done.
    pub links: Vec<Link>,
    /// It is the first below its parent.
    pub first: bool,
    /// It is the last.
    pub last: bool,
}

fn list_path(area: Area) -> String {
    format!("{ROOT}/system/categories?area={area}")
}

fn area_key(area: Area) -> &'static str {
    match area {
        Area::Dataset => "category-area-dataset",
        Area::Service => "category-area-service",
    }
}

fn names(lang: Lang, category: &Category) -> (String, String) {
    let pair = (category.name.clone(), category.name_en.clone());
    if lang == Lang::En && !pair.1.is_empty() { (pair.1, pair.0) } else { pair }
}

/// The page of a tree.
pub fn view(lang: Lang, frame: Frame, tree: &Categories, area: Area, keeps: bool) -> CategoriesPage {
    let row = |(level, category): (usize, &Category)| {
        let (name, other) = names(lang, category);
        let beside: Vec<CategoryId> = tree.below(area, category.parent).map(|c| c.id).collect();
        let mut links = Vec::new();
        if keeps {
            let edit = format!("{ROOT}/system/category?category={}", category.id);
            links.push(Link::new(lang.t("category-edit"), edit).about(&name));
            if level < area.levels() && !category.retired {
                let add = format!("{ROOT}/system/category/new?area={area}&parent={}", category.id);
                links.push(Link::new(lang.t("category-add-below"), add).about(&name));
            }
        }
        CategoryRow {
            id: category.id.to_string(),
            level,
            first: beside.first() == Some(&category.id),
            last: beside.last() == Some(&category.id),
            retired: category.retired.then(|| Chip::new(Colour::Quiet, lang.t("category-retired"))),
            name,
            other,
            links,
        }
    };
    let tab = |a: Area| (Link::new(lang.t(area_key(a)), list_path(a)), a == area);
    let new = Link::new(lang.t("category-new"), format!("{ROOT}/system/category/new?area={area}"));
    CategoriesPage {
        frame,
        trees: Area::ALL.map(tab).to_vec(),
        hint: lang.t("category-hint"),
        new: keeps.then_some(new),
        rows: tree.tree(area).into_iter().map(row).collect(),
        action: format!("{ROOT}/system/category"),
        keeps,
    }
}

/// `GET /system/categories?area=…`.
pub async fn show(visit: Visit) -> Answer {
    let area = visit.query("area").and_then(|a| a.parse().ok()).unwrap_or(Area::Service);
    let tree = kept::all(&visit.app.store.db).await?;
    let frame = visit.frame(visit.t("system-categories"), vec![above(&visit)]);
    Ok(visit.ok(&view(visit.lang(), frame, &tree, area, may_keep(&visit)?)))
}

/// What is wrong with names.
#[derive(Default)]
struct Faults {
    name: Option<String>,
    name_en: Option<String>,
}

fn read_names(visit: &Visit) -> Result<(String, String), Faults> {
    let lang = visit.lang();
    let read = |field: &str| {
        let typed = visit.posted.text(field);
        if typed.contains(category::SEPARATOR) {
            return Err(visit.t("category-slash"));
        }
        category::read_name(typed).map_err(|bad| words::fault(lang, &Wrong::from(bad)))
    };
    match (read("name"), read("name_en")) {
        (Ok(name), Ok(name_en)) => Ok((name, name_en)),
        (name, name_en) => Err(Faults { name: name.err(), name_en: name_en.err() }),
    }
}

fn fields(visit: &Visit, form: Form, (name, name_en): (&str, &str), faults: Faults) -> Form {
    let lang = visit.lang();
    let max = u32::try_from(category::MAX_NAME).unwrap_or(u32::MAX);
    form.with(Field::line(lang, "name", visit.t("category-name")).value(name).max(max).fault(faults.name))
        .with(
            Field::line(lang, "name_en", visit.t("category-name-en"))
                .value(name_en)
                .max(max)
                .fault(faults.name_en),
        )
}

fn crumbs(visit: &Visit, area: Area) -> Vec<Crumb> {
    vec![above(visit), Crumb::new(visit.t("system-categories"), list_path(area))]
}

fn new_page(
    visit: &Visit,
    tree: &Categories,
    area: Area,
    parent: Option<CategoryId>,
    faults: Faults,
) -> FormPage {
    let frame = visit.frame(visit.t("category-new"), crumbs(visit, area));
    let mut form = Form::simple(
        visit.lang(),
        format!("{ROOT}/system/category/new"),
        &frame.token,
        visit.t("category-new.submit"),
    )
    .hide("area", area.as_str());
    if let Some(parent) = parent {
        let path = tree.label(area, &tree.path(parent), visit.lang() == Lang::En);
        form = form
            .hide("parent", parent.to_string())
            .with(Facts::default().text(visit.t("category-parent"), path));
    }
    let typed = (visit.posted.text("name"), visit.posted.text("name_en"));
    let form = fields(visit, form, typed, faults).cancel(Link::new(visit.t("cancel"), list_path(area)));
    FormPage { frame, notice: None, form: Some(form) }
}

/// The tree and the part below which another is added; none where it cannot be.
fn place(tree: &Categories, area: Option<&str>, parent: Option<&str>) -> Option<(Area, Option<CategoryId>)> {
    let area: Area = area?.parse().ok()?;
    let Some(parent) = parent.filter(|id| !id.is_empty()) else { return Some((area, None)) };
    let parent = tree.get(parent.parse().ok()?)?;
    let fits = parent.area == area && tree.way(parent.id).len() < area.levels();
    fits.then_some((area, Some(parent.id)))
}

/// `GET /system/category/new?area=…&parent=…`.
pub async fn ask_new(visit: Visit) -> Answer {
    let tree = kept::all(&visit.app.store.db).await?;
    match place(&tree, visit.query("area"), visit.query("parent")) {
        Some((area, parent)) => Ok(visit.ok(&new_page(&visit, &tree, area, parent, Faults::default()))),
        None => Ok(visit.go(&list_path(Area::Service))),
    }
}

/// `POST /system/category/new`.
pub async fn submit_new(visit: Visit) -> Answer {
    let tree = kept::all(&visit.app.store.db).await?;
    let Some((area, parent)) = place(&tree, visit.posted.get("area"), visit.posted.get("parent")) else {
        return Ok(visit.go(&list_path(Area::Service)));
    };
    let (name, name_en) = match read_names(&visit) {
        Ok(names) => names,
        Err(faults) => return Ok(visit.mend(&new_page(&visit, &tree, area, parent, faults))),
    };
    let detail = json!({ "act": "added", "area": area.as_str(), "name": name });
    let (app, now, event) = (&visit.app, visit.now, visit.event(What::CategoriesChanged).with(detail));
    let (names, event) = ((name.as_str(), name_en.as_str()), std::slice::from_ref(&event));
    let added = app
        .store
        .db
        .run_tx("category-add", |tx| async move {
            kept::add(&tx, &*app.random, area, parent, names, now).await?;
            audit::append(&tx, &*app.random, event).await
        })
        .await;
    match added {
        Ok(()) => {
            app.system_changed();
            Ok(visit.go_saying(&list_path(area), "said-category-added", &name))
        }
        Err(StoreError::Conflict { .. }) => {
            let faults = Faults { name: Some(visit.t("category-taken")), name_en: None };
            Ok(visit.page(StatusCode::CONFLICT, &new_page(&visit, &tree, area, parent, faults)))
        }
        Err(error) => Err(error.into()),
    }
}

fn edit_page(
    visit: &Visit,
    tree: &Categories,
    category: &Category,
    notice: Option<Notice>,
    faults: Faults,
) -> FormPage {
    let (name, _) = names(visit.lang(), category);
    let frame = visit.frame(name, crumbs(visit, category.area));
    let form =
        Form::simple(visit.lang(), format!("{ROOT}/system/category"), &frame.token, visit.t("category-save"))
            .hide("category", category.id.to_string())
            .hide("version", category.version.to_string())
            .with(Facts::default().cell(visit.t("category-path"), Cell::Code(tree.path(category.id))));
    let shown = |field: &str, kept: &str| visit.posted.get(field).unwrap_or(kept).to_owned();
    let (zh, en) = (shown("name", &category.name), shown("name_en", &category.name_en));
    let form = fields(visit, form, (&zh, &en), faults);
    let form = if category.retired {
        form.button(visit.t("category-restore"), "restore", Look::Plain)
    } else {
        form.button(visit.t("category-retire"), "retire", Look::Danger)
    };
    let form = form.cancel(Link::new(visit.t("cancel"), list_path(category.area)));
    FormPage { frame, notice, form: Some(form) }
}

async fn find(visit: &Visit, id: Option<&str>) -> Result<Option<(Categories, Category)>, Fault> {
    let Some(id) = id.and_then(|id| id.parse().ok()) else { return Ok(None) };
    let tree = kept::all(&visit.app.store.db).await?;
    let found = tree.get(id).cloned();
    Ok(found.map(|category| (tree, category)))
}

/// `GET /system/category?category=…`.
pub async fn ask(visit: Visit) -> Answer {
    match find(&visit, visit.query("category")).await? {
        Some((tree, category)) => Ok(visit.ok(&edit_page(&visit, &tree, &category, None, Faults::default()))),
        None => Ok(visit.go(&list_path(Area::Service))),
    }
}

/// Puts a part one place up or down among those beside it: all of them get a place of their own.
fn moved(tree: &Categories, category: &Category, up: bool) -> Vec<Category> {
    let mut beside: Vec<Category> = tree.below(category.area, category.parent).cloned().collect();
    let at = beside.iter().position(|c| c.id == category.id).unwrap_or(0);
    let to = if up { at.saturating_sub(1) } else { (at + 1).min(beside.len().saturating_sub(1)) };
    beside.swap(at, to);
    let placed = beside
        .into_iter()
        .zip(1..)
        .map(|(category, place)| (place != category.place, Category { place, ..category }));
    placed.filter(|(changed, _)| *changed).map(|(_, category)| category).collect()
}

/// `POST /system/category`: renames, moves, retires, takes up again.
pub async fn submit(visit: Visit) -> Answer {
    let Some((tree, category)) = find(&visit, visit.posted.get("category")).await? else {
        return Ok(visit.go(&list_path(Area::Service)));
    };
    let act = visit.posted.text("do");
    let version: i64 = visit.posted.text("version").parse().unwrap_or(category.version);
    let changed = match act {
        "up" | "down" => moved(&tree, &category, act == "up"),
        "retire" | "restore" => vec![Category { retired: act == "retire", version, ..category.clone() }],
        "save" => match read_names(&visit) {
            Ok((name, name_en)) => vec![Category { name, name_en, version, ..category.clone() }],
            Err(faults) => return Ok(visit.mend(&edit_page(&visit, &tree, &category, None, faults))),
        },
        _ => Vec::new(),
    };
    let detail = json!({ "act": act, "category": tree.path(category.id), "area": category.area.as_str() });
    let (app, now, event) = (&visit.app, visit.now, visit.event(What::CategoriesChanged).with(detail));
    let (changed, event) = (&changed, std::slice::from_ref(&event));
    let done = app
        .store
        .db
        .run_tx("category-change", |tx| async move {
            for category in changed {
                if !kept::update(&tx, category, now).await? {
                    return Ok(false);
                }
            }
            if !changed.is_empty() {
                audit::append(&tx, &*app.random, event).await?;
            }
            Ok(true)
        })
        .await?;
    app.system_changed();
    if !done {
        let Some((tree, category)) = find(&visit, visit.posted.get("category")).await? else {
            return Err(Fault::Changed);
        };
        let notice = Notice::new(Tone::Warn, visit.t("settings-stale"));
        let view = edit_page(&visit, &tree, &category, Some(notice), Faults::default());
        return Ok(visit.page(StatusCode::CONFLICT, &view));
    }
    let (name, _) = names(visit.lang(), &category);
    let back = list_path(category.area);
    match act {
        "up" | "down" => Ok(visit.go(&back)),
        _ => Ok(visit.go_saying(&back, "said-category-changed", &name)),
    }
}
