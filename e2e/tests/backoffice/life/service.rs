//! A service of a non-public body, in English: by way of its competent authority, to 已上架 and 下架.

use super::dataset::{PDF, day};
use super::walk::Answer::{File, Option as Choice, Text, Tick};
use super::walk::{Newcomer, Walk};
use super::world::{AUTHORITY, World};

const FINTECH: Newcomer =
    Newcomer {
        mail: "wumei@fintech.example", organisation: "示範金融科技公司", authority: Some(AUTHORITY)
    };

/// Shows R1, R3, R4, R6, R7, R9, R10, R13, R15, R16, R17, R25, R32, R33, R35, R53, R89, R90, R91.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_of_a_non_public_body_in_english() {
    let world = World::begin(day(2026, 12, 1)).await;
    let w = Walk::begin(&world, "en").await;
    w.sign_up(&FINTECH).await;
    w.fill(&[("form", Tick("service"))]).await;
    w.press(".sheet .primary").await;
    let pdf = world.file("申請書.pdf", PDF);
    w.fill(&[
        ("category", Choice("")),
        ("name", Text("線上貸款")),
        ("name_en", Text("Online loans")),
        ("url", Text("https://fintech.example/loans")),
        ("description", Text("線上申請示範貸款")),
        ("purpose", Text("審核示範貸款")),
        ("terms", Text("示範條款")),
        ("dataset[]", Tick("")),
        ("return_url[0]", Text("https://fintech.example/back")),
        ("sp_api", Text("https://api.fintech.example/notification")),
        ("ip[0]", Text("203.0.113.80")),
        ("application", File(&pdf)),
    ])
    .await;
    w.send().await;

    // Operator, competent authority with its letter, ministry.
    w.become_("operator").await;
    w.review("R1151201001").await;
    w.button("approve").await;
    w.review("B1151201001").await;
    w.button("approve").await;
    world.mail(FINTECH.mail, "目的事業主管機關").await;
    w.approve("authority", "B1151201001", true).await;
    w.approve("ministry", "B1151201001", false).await;

    w.become_("wumei").await;
    let item = w.item("services", "線上貸款").await;
    w.sees("", "Testing").await;
    w.begin_form(&item, "", "Apply to go live", "service-go-live").await;
    let checklist = world.file("checklist.pdf", PDF);
    w.fill(&[
        ("on", Text("115/12/31")),
        ("production.dataset[]", Tick("")),
        ("pilot_ip[0]", Text("203.0.113.128/28")),
        ("checklist", File(&checklist)),
    ])
    .await;
    let number = w.file("service-go-live").await;
    w.approve("operator", &number, false).await;
    w.review(&number).await;
    w.letter().await;
    w.button("letter").await;
    w.approve("ministry", &number, false).await;
    world.mail(FINTECH.mail, "正式區試辦").await;

    w.on(day(2026, 12, 20), "wumei", &item).await;
    w.begin_form(&item, "", "File the pilot report", "service-report").await;
    w.fill(&[("report", File(&pdf))]).await;
    let number = w.file("service-report").await;
    w.approve("operator", &number, false).await;
    w.on(day(2026, 12, 31), "wumei", &item).await;
    w.sees("", "Listed").await;
    w.look("service-listed").await;
    w.open("/mydata-backend/all-services?q=線上貸款").await;
    w.look("all-services").await;
    w.sees("", "線上貸款").await;

    // Its owner takes it back.
    w.act(&item, "", "Delist the", "The product has ended.").await;
    w.sees("", "Delisted").await;
    world.mail(FINTECH.mail, "已下架").await;
    w.end().await;
}
