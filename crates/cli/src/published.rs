//! What the platform publishes of its record, from a file that somebody kept or from its address: keys and daily roots.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use mydata_store::repo::audit_roots::Kept;
use mydata_store::signing::PublicKeys;
use serde_json::Value;
use url::Url;

use crate::files;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest answer: a month of roots, or many keys.
const MOST_BYTES: usize = 4 << 20;
/// Most months that are followed: a hundred years.
const MOST_MONTHS: usize = 1_200;

/// A file, `-` for standard input, or an `http:` or `https:` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(String),
    /// An address.
    Url(Url),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.starts_with("http://") && !text.starts_with("https://") {
            return Ok(Self::File(text.to_owned()));
        }
        Url::parse(text).map(Self::Url).map_err(|error| format!("{text}: {error}"))
    }
}

async fn get(url: &Url) -> anyhow::Result<Value> {
    let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
    let answer = async {
        let mut response = client.build()?.get(url.clone()).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            ensure!(body.len() <= MOST_BYTES, "the answer is larger than {} MiB", MOST_BYTES >> 20);
        }
        Ok(serde_json::from_slice(&body)?)
    };
    answer.await.with_context(|| format!("{url} gives nothing that can be used"))
}

/// All JSON values of a file, one after the other: several months may have been kept in one.
fn values(path: &str) -> anyhow::Result<Vec<Value>> {
    let input = files::input(Path::new(path))?;
    let all: Result<Vec<Value>, _> =
        serde_json::Deserializer::from_reader(std::io::BufReader::new(input)).into_iter().collect();
    all.with_context(|| format!("{path} is not JSON"))
}

/// Reads keys.
pub async fn keys(source: &Source) -> anyhow::Result<PublicKeys> {
    let (name, all) = match source {
        Source::File(path) => (path.clone(), values(path)?),
        Source::Url(url) => (url.to_string(), vec![get(url).await?]),
    };
    let [jwks] = all.as_slice() else { bail!("{name}: one key set is expected") };
    let keys = PublicKeys::from_jwks(jwks).map_err(anyhow::Error::msg).context(name.clone())?;
    ensure!(!keys.is_empty(), "{name} has no key that signs a record");
    Ok(keys)
}

/// Reads roots, in the order of their days. From an address without a month all months are read, or the one of `day`.
pub async fn roots(source: &Source, day: Option<&str>) -> anyhow::Result<Vec<Kept>> {
    let (name, all) = match source {
        Source::File(path) => (path.clone(), values(path)?),
        Source::Url(url) => (url.to_string(), months(url, day).await?),
    };
    let mut roots = Vec::new();
    for root in all.iter().flat_map(listed) {
        let jws = root["jws"].as_str().or_else(|| root.as_str());
        let jws = jws.with_context(|| format!("{name}: a root without `jws`"))?;
        roots.push(Kept::read(jws).map_err(anyhow::Error::msg).context(name.clone())?);
    }
    ensure!(!roots.is_empty(), "{name} has no roots");
    roots.sort_by(|a, b| (&a.root.day, &a.jws).cmp(&(&b.root.day, &b.jws)));
    roots.dedup();
    let twice = roots.windows(2).find(|pair| pair[0].root.day == pair[1].root.day);
    if let Some(pair) = twice {
        bail!("{name} has two different roots of {}: one of them is not the platform's", pair[0].root.day);
    }
    Ok(roots)
}

/// The roots of an answer, or of a list of them.
fn listed(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(all) => all.iter().flat_map(listed).collect(),
        Value::Object(answer) if answer.contains_key("roots") => {
            answer["roots"].as_array().into_iter().flatten().collect()
        }
        root => vec![root],
    }
}

async fn months(url: &Url, day: Option<&str>) -> anyhow::Result<Vec<Value>> {
    let mut url = url.clone();
    let all = url.query().is_none() && day.is_none();
    if let Some(month) = day.and_then(|day| day.get(..7)).filter(|_| url.query().is_none()) {
        url.query_pairs_mut().append_pair("month", month);
    }
    let mut answers = Vec::new();
    loop {
        let answer = get(&url).await?;
        let earlier =
            answer["earlier"].as_str().filter(|_| all && answers.len() < MOST_MONTHS).map(str::to_owned);
        answers.push(answer);
        let Some(earlier) = earlier else { return Ok(answers) };
        let next = url.join(&earlier)?;
        ensure!(next.origin() == url.origin(), "{url} leads to another place");
        url = next;
    }
}
