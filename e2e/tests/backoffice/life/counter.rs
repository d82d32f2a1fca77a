//! A counter service, up to 已上架.

use super::dataset::{PDF, day};
use super::walk::Answer::{File, Option as Choice, Text, Tick};
use super::walk::{Newcomer, Walk};
use super::world::World;

const OFFICE: Newcomer =
    Newcomer { mail: "hsu@district.example", organisation: "示範區公所", authority: None };

/// Shows R8, R13, R15, R16, R17, R24, R32, R33, R53, R56.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_service_to_its_listing() {
    let world = World::begin(day(2027, 3, 1)).await;
    let w = Walk::begin(&world, "zh-TW").await;
    w.sign_up(&OFFICE).await;
    w.fill(&[("form", Tick("counter-service"))]).await;
    w.press(".sheet .primary").await;
    let pdf = world.file("申請書.pdf", PDF);
    w.fill(&[
        ("category", Choice("")),
        ("name", Text("示範津貼")),
        ("description", Text("臨櫃申請示範津貼")),
        ("ip[0]", Text("203.0.113.96/28")),
        ("case[0].name", Text("新申請")),
        ("case[0].required[]", Tick("")),
        ("case[0].take", Tick("both")),
        ("application", File(&pdf)),
    ])
    .await;
    w.send().await;
    w.become_("operator").await;
    w.review("R1160301001").await;
    w.button("approve").await;
    w.review("C1160301001").await;
    w.button("approve").await;
    w.approve("ministry", "C1160301001", true).await;

    // In production its cases name datasets of the production zone.
    w.become_("hsu").await;
    let item = w.item("counter-services", "示範津貼").await;
    w.begin_form(&item, "申請上線", "", "counter-go-live").await;
    w.fill(&[
        ("on", Text("116/03/31")),
        ("production.case[0].required[]", Tick("")),
        ("pilot_ip[0]", Text("203.0.113.128/28")),
        ("checklist", File(&pdf)),
    ])
    .await;
    let number = w.file("counter-go-live").await;
    w.approve("operator", &number, false).await;
    w.review(&number).await;
    w.letter().await;
    w.button("letter").await;
    w.approve("ministry", &number, false).await;
    world.mail(OFFICE.mail, "正式區試辦").await;
    w.on(day(2027, 3, 24), "hsu", &item).await;
    w.begin_form(&item, "試辦完成", "", "counter-report").await;
    w.fill(&[("report", File(&pdf))]).await;
    let number = w.file("counter-report").await;
    w.approve("operator", &number, false).await;
    w.on(day(2027, 3, 31), "hsu", &item).await;
    w.sees("已上架", "").await;
    w.look("counter-listed").await;
    w.end().await;
}
