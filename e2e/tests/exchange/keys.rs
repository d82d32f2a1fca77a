//! Keys are rotated while exchanges run, killed in the middle and gone on with; a wrong master key is told at the start.

use std::io::{BufRead as _, BufReader};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;
use mydata_sandbox::sp::Sp;

use crate::steps::{Walk, outcome, quick, settled};

/// One exchange from its entry to the data at the bank.
async fn exchange(bank: &Sp) {
    let case = bank.open_case("某人", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.reload_until(settled).await;
    walk.press("confirm").await.unwrap();
    let case = outcome(bank, &case).await;
    assert_eq!(case.received().expect("it opens").len(), 3);
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Ids and states of the keys.
fn keys(country: &Country) -> Vec<(String, String)> {
    let listed = country.platform.run(&["keys", "list", "--json"]).unwrap();
    let json: serde_json::Value =
        serde_json::from_slice(&listed.stdout).unwrap_or_else(|_| panic!("{}", said(&listed)));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    json["keys"].as_array().unwrap().iter().map(|key| (text(&key["id"]), text(&key["state"]))).collect()
}

fn sealing(country: &Country) -> String {
    keys(country).into_iter().find(|(_, state)| state == "seals").unwrap().0
}

/// `mydata keys rotate`, killed as soon as it says this. `false`: it came to its end before.
fn killed_at(country: &Country, word: &str) -> bool {
    let mut child = country.platform.begin(&["keys", "rotate"]).unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let reached = lines.map(|line| line.unwrap()).any(|line| line.contains(word));
    child.kill().unwrap();
    child.wait().unwrap();
    reached
}

/// Two citizens who exchange one after the other until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    through: Arc<AtomicU32>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    fn on(bank: &Sp) -> Self {
        let (stop, through) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let one = |_| {
            let (bank, stop, through) = (bank.clone(), Arc::clone(&stop), Arc::clone(&through));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                while !stop.load(SeqCst) {
                    runtime.block_on(exchange(&bank));
                    through.fetch_add(1, SeqCst);
                }
            })
        };
        let threads = (0..2).map(one).collect();
        Self { stop, through, threads }
    }

    /// How many exchanges came to their end.
    fn through(&self) -> u32 {
        self.through.load(SeqCst)
    }

    /// Waits until more than so many are through, and for the end; what failed in it fails here.
    async fn ends_after(self, so_many: u32) {
        for _ in 0..600 {
            if self.through() > so_many {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let went_on = self.through();
        self.stop.store(true, SeqCst);
        for thread in self.threads {
            let ended = tokio::task::block_in_place(|| thread.join());
            assert!(ended.is_ok(), "an exchange failed");
        }
        assert!(went_on > so_many, "exchanges go on: {went_on} of {so_many}");
    }
}

async fn rotates(engine: Engine) {
    let country = Country::start_with(engine, |config| {
        quick(config);
        // The load is one address and one citizen, for as long as the kills' leases last.
        config["limits"] = serde_json::json!({ "pages_per_minute": 60_000, "citizen_per_minute": 60_000 });
    });
    let country = country.await.unwrap();
    let bank = country.sandbox.bank().clone();
    for _ in 0..3 {
        exchange(&bank).await;
    }
    let first = sealing(&country);

    let load = Load::on(&bank);
    let blocking = |work: &dyn Fn()| tokio::task::block_in_place(work);
    blocking(&|| {
        assert!(killed_at(&country, "was made"), "a fresh key was made");
        assert_eq!(sealing(&country), first, "it seals nothing yet");
        assert!(killed_at(&country, "seals from now on"), "it is gone on with");
        assert!(killed_at(&country, "sealed anew"), "and once more");
        let rotated = country.platform.run(&["keys", "rotate"]).unwrap();
        assert!(rotated.status.success(), "{}", said(&rotated));
    });
    let data: Vec<_> = keys(&country).into_iter().filter(|(_, state)| state != "look-up values").collect();
    assert_eq!(data.len(), 2, "kills make no key too many: {data:?}");
    let second = sealing(&country);
    assert_ne!(second, first);

    let refused = country.platform.run(&["keys", "retire", &second, "--grace", "0"]).unwrap();
    assert!(said(&refused).contains("new content is sealed under it") && !refused.status.success());
    let refused = country.platform.run(&["keys", "retire", &first]).unwrap();
    assert!(said(&refused).contains("try again in") && !refused.status.success());
    // What was being collected when the key was replaced may still lie under it, for as long as an exchange takes.
    let mut retired = None;
    for _ in 0..20 {
        let output = country.platform.run(&["keys", "retire", &first, "--grace", "0"]).unwrap();
        if output.status.success() {
            retired = Some(output);
            break;
        }
        assert!(said(&output).contains("still under it"), "{}", said(&output));
        let resumed = country.platform.run(&["keys", "rotate", "--resume"]).unwrap();
        assert!(resumed.status.success(), "{}", said(&resumed));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(retired.is_some(), "the old key is not needed any more");
    let before = load.through();
    // The master key too, under the same load.
    let master = country.platform.run(&["keys", "rotate", "--master"]).unwrap();
    assert!(master.status.success() && said(&master).contains("2 keys wrapped anew"), "{}", said(&master));
    load.ends_after(before + 2).await;
    let log = country.platform.log();
    assert!(!log.contains("ERROR") && !log.contains("under a key that is not here"), "{log}");

    let mut country = country;
    country.platform.kill().unwrap();
    country.platform.start().await.unwrap();
    exchange(&bank).await;
    assert_eq!(keys(&country).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotates_under_load_on_sqlite() {
    rotates(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotates_under_load_on_postgresql() {
    rotates(Engine::Postgres).await;
}

/// What a rotation said, and the key that it ended with.
fn ended_with(child: std::process::Child) -> (String, String) {
    let output = child.wait_with_output().unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    let key = said
        .lines()
        .find_map(|line| line.split_once(" sealed anew under key "))
        .map(|(_, key)| key.to_owned());
    (key.unwrap_or_else(|| panic!("{said}")), said)
}

/// Two processes that rotate at the same time: one works while the other waits; both come to their end, one key seals afterwards, and
/// everything opens.
async fn two_at_once(engine: Engine) {
    let country = Country::start_with(engine, quick).await.unwrap();
    let bank = country.sandbox.bank().clone();
    for _ in 0..4 {
        exchange(&bank).await;
        let before = sealing(&country);
        tokio::task::block_in_place(|| {
            let both = [(); 2].map(|()| country.platform.begin(&["keys", "rotate"]).unwrap());
            let [one, two] = both.map(ended_with);
            assert!(one.0 != before && two.0 != before, "{}\n{}", one.1, two.1);
        });
        let states = keys(&country);
        assert_eq!(states.iter().filter(|(_, state)| state == "seals").count(), 1, "{states:?}");
    }
    exchange(&bank).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_rotate_at_once_leave_one_that_seals_on_sqlite() {
    two_at_once(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_rotate_at_once_leave_one_that_seals_on_postgresql() {
    two_at_once(Engine::Postgres).await;
}

/// In front of several nodes: gives each new connection to the next of them.
fn in_turns(front: std::net::SocketAddr, nodes: [u16; 2]) -> Arc<[AtomicU32; 2]> {
    let given: Arc<[AtomicU32; 2]> = Arc::default();
    let counts = Arc::clone(&given);
    let listener = std::net::TcpListener::bind(front).unwrap();
    listener.set_nonblocking(true).unwrap();
    tokio::spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        for turn in 0_usize.. {
            let Ok((mut client, _)) = listener.accept().await else { return };
            let counts = Arc::clone(&counts);
            tokio::spawn(async move {
                for node in [turn % 2, (turn + 1) % 2] {
                    let Ok(mut upstream) = tokio::net::TcpStream::connect(("127.0.0.1", nodes[node])).await
                    else {
                        continue;
                    };
                    counts[node].fetch_add(1, SeqCst);
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut upstream).await;
                    return;
                }
            });
        }
    });
    given
}

/// Two nodes on one database serve in turns while keys are rotated and retired, by two commands at once: both follow, nothing fails,
/// and neither meets anything that it cannot open.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_follow_a_rotation_under_load() {
    let nodes = [mydata_e2e::country::free_port().unwrap(), mydata_e2e::country::free_port().unwrap()];
    let mut given = None;
    let country = Country::start_with(Engine::Postgres, |config| {
        quick(config);
        given = Some(in_turns(config["listen"].as_str().unwrap().parse().unwrap(), nodes));
        config["listen"] = format!("127.0.0.1:{}", nodes[0]).into();
    })
    .await
    .unwrap();
    let second = country.platform.another(|command| {
        command.env("MYDATA_LISTEN", format!("127.0.0.1:{}", nodes[1]));
    });
    let mut second = second.unwrap();
    let ready = format!("http://127.0.0.1:{}/readyz", nodes[1]);
    for _ in 0..300 {
        if client().unwrap().get(&ready).send().await.is_ok_and(|answer| answer.status() == 200) {
            break;
        }
        assert!(second.ended().unwrap().is_none(), "{}", country.platform.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let bank = country.sandbox.bank().clone();
    exchange(&bank).await;
    let first = sealing(&country);
    let load = Load::on(&bank);
    let said = tokio::task::block_in_place(|| {
        let both = [(); 2].map(|()| country.platform.begin(&["keys", "rotate"]).unwrap());
        both.map(|child| ended_with(child).1).concat()
    });
    assert!(
        said.contains("waiting for 2 nodes to follow") || said.contains("waiting for 1 node to follow"),
        "{said}"
    );
    let mut retired = false;
    for _ in 0..20 {
        let output = tokio::task::block_in_place(|| {
            country.platform.run(&["keys", "retire", &first, "--grace", "0"]).unwrap()
        });
        retired = output.status.success();
        if retired {
            break;
        }
        let resumed =
            tokio::task::block_in_place(|| country.platform.run(&["keys", "rotate", "--resume"]).unwrap());
        assert!(resumed.status.success(), "{}", self::said(&resumed));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(retired, "the old key is not needed any more");
    let before = load.through();
    load.ends_after(before + 3).await;
    for count in given.unwrap().iter() {
        assert!(count.load(SeqCst) > 0, "both nodes served");
    }
    let log = country.platform.log();
    assert!(!log.contains("ERROR") && !log.contains("under a key that is not here"), "{log}");
    second.terminate(Duration::from_secs(30)).unwrap();
}

/// A start with another installation's key, with none, or with a command that gives none ends with a reason, and leaves everything
/// as it was; the doctor says the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_master_key_is_told_at_the_start() {
    let mut country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    exchange(&country.sandbox.bank().clone()).await;
    country.platform.stop().unwrap();
    let file = country.platform.data_folder().join("keys");
    let right = std::fs::read_to_string(&file).unwrap();
    let refuses = |reason: &str, adjust: &dyn Fn(&mut std::process::Command)| {
        for command in ["serve", "doctor"] {
            let output = country.platform.run_with(&[command], adjust).unwrap();
            assert!(
                !output.status.success() && said(&output).contains(reason),
                "{command}: {}",
                said(&output)
            );
            assert!(!said(&output).contains("hidden"), "{}", said(&output));
        }
    };
    // 32 bytes that nobody has used.
    std::fs::write(&file, "//////////////////////////////////////////8=\n").unwrap();
    refuses("not the keys of this database", &|_| {});
    std::fs::write(&file, "hidden hidden\n").unwrap();
    refuses("line 1: neither `master ID KEY`", &|_| {});
    std::fs::write(&file, &right).unwrap();
    refuses("it is not set", &|command| {
        command.env("MYDATA_KEYS__ENVIRONMENT", "NO_SUCH_VARIABLE_HERE");
    });
    for (program, reason) in [
        (r#"["sh", "-c", "echo hidden; exit 4"]"#, "exit status: 4"),
        (r#"["echo", "hidden"]"#, "the key is not 32 bytes"),
        (r#"["sleep", "60"]"#, "did not end within 0.5 s"),
    ] {
        refuses(reason, &|command| {
            command.env("MYDATA_KEYS__COMMAND", program).env("MYDATA_KEYS__COMMAND_LIMIT", "0.5");
        });
    }
    // The same key from a command and from a variable.
    let line = right.lines().find(|line| line.starts_with("master ")).unwrap();
    let listed = country.platform.run_with(&["keys", "list"], |command| {
        let program = serde_json::json!(["printf", "%s", line]).to_string();
        command.env("MYDATA_KEYS__COMMAND", program);
    });
    assert!(listed.unwrap().status.success());
    let listed = country.platform.run_with(&["keys", "list"], |command| {
        command.env("MYDATA_KEYS__ENVIRONMENT", "THE_KEY").env("THE_KEY", line.rsplit(' ').next().unwrap());
    });
    assert!(listed.unwrap().status.success());
    country.platform.start().await.unwrap();
    exchange(&country.sandbox.bank().clone()).await;
}
