//! The service that asks for a dataset which is tried alone. It is no record of the registry, has no endpoint that is ever called and
//! no address that may fetch, so what is "sent" to it goes to nobody. It lives in the catalogue in memory, so that the exchange finds
//! it as it finds every service.

use mydata_domain::front_test::{CLIENT_ID, ORGANISATION};
use mydata_domain::item::ItemId;
use mydata_domain::organisation::{Organisation, OrganisationKind};
use mydata_domain::service::{Service, ServiceSecrets, ServiceState, ServiceWithSecrets};
use mydata_domain::{Zone, address::AllowList};
use mydata_store::crypt::Crypter;
use mydata_store::repo::front_tests::FrontTest;
use mydata_store::repo::registry::Catalogue;
use mydata_wire::ClientId;
use mydata_wire::returns::RegisteredReturnUrl;
use url::Url;

use crate::app::App;

/// Whether it is this service.
pub fn is(id: &ClientId) -> bool {
    id.as_str() == CLIENT_ID
}

/// Its identifier.
pub fn client_id() -> ClientId {
    CLIENT_ID.parse().expect("a constant of the right form")
}

/// The page that a test comes back to.
pub fn return_url(app: &App, item: ItemId) -> RegisteredReturnUrl {
    let path = format!("{}/items/{item}/front-test", crate::backoffice::ROOT);
    app.url(&path).as_str().parse().expect("an address of ours is absolute and has no query")
}

/// Sixteen characters that every node makes of the same keys.
fn derived(crypter: &Crypter, what: &str) -> String {
    let index = crypter.index("front-test", what) + &crypter.index("front-test more", what);
    index.chars().filter(char::is_ascii_alphanumeric).take(16).collect()
}

/// Puts it into the catalogue.
pub fn join(catalogue: &mut Catalogue, crypter: &Crypter, base: &Url) {
    let Ok(home) = base.as_str().parse::<RegisteredReturnUrl>() else { return };
    let (Ok(client_secret), Ok(cbc_iv)) =
        (derived(crypter, "client_secret").parse(), derived(crypter, "cbc_iv").parse())
    else {
        return;
    };
    let organisation = Organisation {
        id: ORGANISATION.parse().expect("a constant of the right form"),
        name: "前臺測試頁".to_owned(),
        name_en: "the front-end test page".to_owned(),
        short_name: None,
        kind: OrganisationKind::Agency,
    };
    let service = Service {
        client_id: client_id(),
        zone: Zone::Test,
        organisation: organisation.id.clone(),
        name: "資料集測試".to_owned(),
        name_en: "Dataset test".to_owned(),
        purpose: "試用測試區的資料集；不會傳送給任何服務。".to_owned(),
        purpose_en: "Trying a dataset of the test zone; nothing is sent to any service.".to_owned(),
        category: String::new(),
        url: base.clone(),
        terms: "這是資料集申請機關的前臺測試。使用虛擬值與測試民眾，取得的資料只供預覽，不會傳送給任何服務，測試結束後即刪除。"
            .to_owned(),
        terms_en: "This is a test by the organisation that offers the dataset. It uses virtual values and a test citizen; what \
                   comes can be previewed, is sent to no service, and is deleted when the test ends."
            .to_owned(),
        return_urls: vec![home],
        sp_api: base.clone(),
        sp_api_roots: None,
        allowed_ips: AllowList::default(),
        client_certificates: Vec::new(),
        datasets: Vec::new(),
        pilot: None,
        state: ServiceState::Listed,
    };
    let secrets = ServiceSecrets { client_secret, cbc_iv, api_key: None, earlier: None };
    catalogue.organisations.insert(ORGANISATION.to_owned(), organisation);
    catalogue.services.insert(client_id(), ServiceWithSecrets { service, secrets });
}

/// As it asks in one test: for its dataset, and back to its page.
pub fn asking(app: &App, known: &ServiceWithSecrets, test: &FrontTest) -> ServiceWithSecrets {
    let mut asking = known.clone();
    asking.service.datasets.clone_from(&test.resources);
    asking.service.return_urls = vec![return_url(app, test.item)];
    asking
}
