//! Claims due jobs, works on them side by side, keeps their leases alive, and sweeps from time to time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mydata_store::jobs::Leased;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::Job;
use super::lanes::Lanes;
use crate::app::App;
use crate::flow::{self, FlowError};
use crate::ops::trace;

/// The longest sleep; jobs that another node enqueued are found after it.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long running jobs may take to end when the platform stops; later they are put back.
const GRACE: Duration = Duration::from_secs(20);

/// Works until `stop` says otherwise; then lets running jobs end.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut running = JoinSet::new();
    let free = Arc::new(Notify::new());
    let lanes = Arc::new(Lanes::new(&app.config.jobs));
    let lease = app.config.jobs.lease.0;
    let mut next_sweep = app.now();
    while !*stop.borrow() {
        app.ops.life.works();
        while running.try_join_next().is_some() {}
        let now = app.now();
        if now >= next_sweep {
            next_sweep = now.plus(app.config.jobs.sweep_every.0);
            let app = app.clone();
            running.spawn(async move {
                flow::forget::sweep(&app).await;
                crate::backoffice::session::sweep(&app).await;
                crate::citizen::sweep(&app).await;
                crate::identity::own::sweep(&app).await;
                crate::flow::counter::sweep(&app).await;
                crate::backoffice::flow::clock::sweep(&app).await;
                crate::backoffice::flow::health::sweep(&app).await;
            });
        }
        let full = lanes.full();
        match app.store.jobs.claim(app.config.jobs.at_once, &full, now, lease).await {
            Ok(claimed) if !claimed.is_empty() => {
                let (now_done, later): (Vec<_>, Vec<_>) =
                    claimed.into_iter().partition(|leased| lanes.enter(&leased.kind, leased.lane.as_deref()));
                for leased in now_done {
                    let (app, free, lanes) = (app.clone(), Arc::clone(&free), Arc::clone(&lanes));
                    running.spawn(async move {
                        work(&app, &leased).await;
                        lanes.leave(&leased.kind, leased.lane.as_deref());
                        free.notify_one();
                    });
                }
                // More of a lane were due than there is room for; from now on it is full, and not claimed from.
                if let Err(error) = app.store.jobs.put_back(&later, now).await {
                    tracing::error!(%error, "jobs could not be put back; they go on when their leases end");
                }
            }
            Ok(_) => {
                let wait = app.store.jobs.wait(&full, now, LOOK_EVERY);
                tokio::select! {
                    waited = wait => {
                        if let Err(error) = waited {
                            tracing::error!(%error, "could not look for due jobs");
                            tokio::time::sleep(LOOK_EVERY).await;
                        }
                    }
                    () = free.notified(), if !full.is_nothing() => {}
                    _ = stop.changed() => {}
                }
            }
            Err(error) => {
                tracing::error!(%error, "could not claim jobs; trying again");
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    _ = stop.changed() => {}
                }
            }
        }
    }
    let ended = tokio::time::timeout(GRACE, async { while running.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!("jobs still ran when the platform stopped; they go on at the next start");
    }
}

/// Works on one job with its lease kept alive. Whatever happens, the job is not lost: it ends with the state change it
/// makes, or it is put back.
async fn work(app: &App, leased: &Leased) {
    let lease = app.config.jobs.lease.0;
    let begun = Instant::now();
    let ended = |result| app.ops.metrics.worked(&leased.kind, result, begun.elapsed());
    let Some(job) = Job::read(leased) else {
        tracing::error!(kind = %leased.kind, "a job of an unknown kind is put aside");
        if let Err(error) = app.store.jobs.fail(leased, "unknown kind", app.now()).await {
            tracing::error!(%error, "a job could not be put aside");
        }
        return;
    };
    let task = {
        let (app, leased) = (app.clone(), leased.clone());
        tokio::spawn(async move {
            let name = format!("job {}", leased.kind);
            trace::begin(&app.ops.tracer, name, trace::Kind::Consumer, async {
                let done = flow::work(&app, &job, &leased).await;
                if done.is_err() {
                    trace::failed();
                }
                done
            })
            .await
        })
    };
    tokio::pin!(task);
    let outcome = loop {
        tokio::select! {
            outcome = &mut task => break outcome,
            () = tokio::time::sleep(lease / 3) => {
                if let Err(error) = app.store.jobs.extend(leased, app.now().plus(lease)).await {
                    // Its result would be refused anyway; somebody else works on it now.
                    tracing::warn!(kind = %leased.kind, %error, "a job's lease could not be extended");
                    task.abort();
                }
            }
        }
    };
    let reason = match outcome {
        Ok(Ok(())) => return ended("done"),
        Ok(Err(FlowError::Store(mydata_store::StoreError::LeaseLost { .. }))) => return ended("lost"),
        Ok(Err(error)) => error.to_string(),
        Err(join) if join.is_cancelled() => return ended("lost"),
        Err(_) => "the work panicked".to_owned(),
    };
    ended("failed");
    let attempts = u32::try_from(leased.attempts).unwrap_or(u32::MAX);
    let wait = Duration::from_secs(1 << attempts.min(8));
    tracing::error!(kind = %leased.kind, attempts, %reason, "a job failed and will be tried again");
    if let Err(error) = app.store.jobs.retry_at(leased, app.now().plus(wait), &reason).await {
        tracing::error!(%error, "a job could not be put back; it goes on when its lease ends");
    }
}
