//! The published test vectors, made from `docs/vectors/inputs` and nothing else: no clock, no randomness.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use mydata_seal::dp_package::{Builder, CERTIFICATE, MANIFEST, SIGNATURE, Signer, open_file};
use mydata_seal::package;
use mydata_seal::token::TokenWriter;
use mydata_wire::entry::{EntryLink, encode_resources};
use mydata_wire::manifest::{FileCode, PackageEntry, PackageManifest, hex};
use mydata_wire::pid::Pid;
use mydata_wire::token::{DATA_PREFIX, HEADER, PAYLOAD_TAIL, payload_head};
use mydata_wire::{CbcIv, ClientId, ClientSecret, ResourceId, SecretKey, b64};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256,
    SerialNumber, date_time_ymd,
};

/// `docs/vectors` of this repository.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors")
}

/// Names and contents of all files that are made, relative to the folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Makes all of them.
pub fn all(folder: &Path) -> io::Result<Files> {
    let inputs = Inputs::read(&folder.join("inputs"))?;
    let mut files = Files::new();
    entry(&inputs, &mut files)?;
    let dp_packages = dp_packages(&inputs, &mut files)?;
    platform_package(&inputs, &dp_packages, &mut files)?;
    small(&inputs, &mut files)?;
    Ok(files)
}

fn bad(what: impl std::fmt::Display) -> io::Error {
    io::Error::other(what.to_string())
}

struct Inputs {
    folder: PathBuf,
    parameters: BTreeMap<String, String>,
    client_id: ClientId,
    cbc_iv: CbcIv,
    secret_key: SecretKey,
    resources: Vec<ResourceId>,
}

impl Inputs {
    fn read(folder: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(folder.join("parameters.env"))?;
        let parameters: BTreeMap<String, String> = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
            .collect();
        let of = |name: &str| parameters.get(name).ok_or_else(|| bad(format!("{name} is missing")));
        let client_id = of("CLIENT_ID")?.parse().map_err(bad)?;
        let cbc_iv = of("CBC_IV")?.parse().map_err(bad)?;
        let secret_key = of("SECRET_KEY")?.parse().map_err(bad)?;
        let resources =
            of("RESOURCES")?.split(':').map(|id| id.parse().map_err(bad)).collect::<Result<_, _>>()?;
        Ok(Self { folder: folder.to_owned(), client_id, cbc_iv, secret_key, resources, parameters })
    }

    fn parameter(&self, name: &str) -> io::Result<&str> {
        self.parameters.get(name).map(String::as_str).ok_or_else(|| bad(format!("{name} is missing")))
    }

    fn file(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.folder.join(name))
    }

    fn key(&self, name: &str) -> io::Result<KeyPair> {
        let pem = fs::read_to_string(self.folder.join(name))?;
        KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256).map_err(bad)
    }
}

fn hex_line(bytes: &[u8]) -> Vec<u8> {
    format!("{}\n", hex(bytes)).into_bytes()
}

fn aes_256_cbc(key: &[u8; 32], iv: &CbcIv, plain: &[u8]) -> io::Result<Vec<u8>> {
    let key =
        UnboundCipherKey::new(&AES_256, key).and_then(PaddedBlockEncryptingKey::cbc_pkcs7).map_err(bad)?;
    let mut bytes = plain.to_vec();
    key.less_safe_encrypt(&mut bytes, EncryptionContext::Iv128(FixedLength::from(iv.bytes())))
        .map_err(bad)?;
    Ok(bytes)
}

/// SP → platform (PROTOCOL.md §2).
fn entry(inputs: &Inputs, files: &mut Files) -> io::Result<()> {
    let secret: ClientSecret = inputs.parameter("CLIENT_SECRET")?.parse().map_err(bad)?;
    let person = inputs.parameter("PERSONAL_ID")?.parse().map_err(bad)?;
    let base = inputs.parameter("BASE")?.parse().map_err(bad)?;
    let pid = Pid::Person(person);
    let link = EntryLink {
        base: &base,
        client_id: &inputs.client_id,
        client_secret: &secret,
        cbc_iv: &inputs.cbc_iv,
        resources: &inputs.resources,
        tx_id: inputs.parameter("TX_ID")?.parse().map_err(bad)?,
        return_url: inputs.parameter("RETURN_URL")?,
        pid: &pid,
    };
    let mut put = |name: &str, content: Vec<u8>| files.insert(format!("1-entry/{name}"), content);
    put("resources.b64url", encode_resources(&inputs.resources).into_bytes());
    put("pid-key.hex", hex_line(&secret.pid_key()));
    put("cbc-iv.hex", hex_line(&inputs.cbc_iv.bytes()));
    let sealed = aes_256_cbc(&secret.pid_key(), &inputs.cbc_iv, inputs.parameter("PERSONAL_ID")?.as_bytes())?;
    put("pid-sealed.hex", hex_line(&sealed));
    put("pid.b64", pid.encrypt(&secret, &inputs.cbc_iv).into_bytes());
    put("url.txt", link.to_url().into_bytes());
    Ok(())
}

/// The DPs' packages (PROTOCOL.md §7).
fn dp_packages(inputs: &Inputs, files: &mut Files) -> io::Result<BTreeMap<ResourceId, Vec<u8>>> {
    let mut root = CertificateParams::default();
    root.distinguished_name.push(DnType::CountryName, "TW");
    root.distinguished_name.push(DnType::OrganizationName, "Fictional Root");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    root.not_before = date_time_ymd(2026, 1, 1);
    root.not_after = date_time_ymd(2046, 1, 1);
    root.serial_number = Some(SerialNumber::from_slice(&[0x10, 0x01]));
    let root_pem = root.self_signed(&inputs.key("root.key.pem")?).map_err(bad)?.pem();
    files.insert("2-dp-packages/root.cer.pem".to_owned(), root_pem.into_bytes());

    let mut dp = CertificateParams::default();
    dp.distinguished_name.push(DnType::CountryName, "TW");
    dp.distinguished_name.push(DnType::OrganizationName, "Fictional Data Provider");
    dp.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    dp.not_before = date_time_ymd(2026, 1, 1);
    dp.not_after = date_time_ymd(2036, 1, 1);
    dp.serial_number = Some(SerialNumber::from_slice(&[0x10, 0x02]));
    let issuer = Issuer::new(root, inputs.key("root.key.pem")?);
    let dp_pem = dp.signed_by(&inputs.key("dp.key.pem")?, &issuer).map_err(bad)?.pem();
    let signer = Signer::new(&inputs.file("dp.key.pem")?, dp_pem.as_bytes()).map_err(bad)?;

    let mut packages = BTreeMap::new();
    for (id, subject) in inputs.resources.iter().zip(["household", "property"]) {
        let mut builder = Builder::new(Vec::new(), &signer);
        for name in [format!("{subject}.json"), format!("{subject}.pdf")] {
            builder.file(&name, inputs.file(&name)?.as_slice()).map_err(bad)?;
        }
        let package = builder.finish().map_err(bad)?;
        for part in [MANIFEST, SIGNATURE, CERTIFICATE] {
            let mut content = Vec::new();
            io::copy(&mut open_file(io::Cursor::new(&package), part).map_err(bad)?, &mut content)?;
            files.insert(format!("2-dp-packages/{id}/{part}"), content);
        }
        files.insert(format!("2-dp-packages/{id}.zip"), package.clone());
        packages.insert(id.clone(), package);
    }
    Ok(packages)
}

/// The platform's package and its token (PROTOCOL.md §5): two datasets present, one without data of this person.
fn platform_package(
    inputs: &Inputs,
    packages: &BTreeMap<ResourceId, Vec<u8>>,
    files: &mut Files,
) -> io::Result<()> {
    let names = ["個人戶籍資料", "財產資料", "親屬關係資料"];
    let manifest = PackageManifest {
        files: inputs
            .resources
            .iter()
            .zip(names)
            .map(|(id, name)| PackageEntry {
                resource_id: id.clone(),
                resource_name: name.to_owned(),
                code: if packages.contains_key(id) { FileCode::Present } else { FileCode::NoData },
            })
            .collect(),
    };
    let zip = package::write(Vec::new(), &manifest, |id| {
        packages.get(id).map(Vec::as_slice).ok_or_else(|| bad("asked for a dataset without data"))
    })?;
    files.insert("3-package/manifest.xml".to_owned(), manifest.to_xml().into_bytes());
    token(inputs, "4-token", &zip, files)?;
    files.insert("3-package/package.zip".to_owned(), zip);
    Ok(())
}

/// The smallest package there is, whose token can be read as a whole.
fn small(inputs: &Inputs, files: &mut Files) -> io::Result<()> {
    let manifest = PackageManifest {
        files: vec![PackageEntry {
            resource_id: inputs.resources[0].clone(),
            resource_name: "個人戶籍資料".to_owned(),
            code: FileCode::NoData,
        }],
    };
    let zip = package::write(Vec::new(), &manifest, |_| Ok(io::empty()))?;
    token(inputs, "5-small", &zip, files)?;
    files.insert("5-small/package.zip".to_owned(), zip);
    Ok(())
}

/// A token and every value on the way to it. The values are computed here from the primitives, the token by the
/// sealing writer; that both agree is checked before anything is published.
fn token(inputs: &Inputs, folder: &str, zip: &[u8], files: &mut Files) -> io::Result<()> {
    let (key, iv) = (&inputs.secret_key, &inputs.cbc_iv);
    let sealed = aes_256_cbc(key.bytes(), iv, zip)?;
    let sealed_b64 = b64::standard(&sealed);
    let head = payload_head(&inputs.client_id);
    if !head.ends_with(DATA_PREFIX) {
        return Err(bad("the payload's head has changed its form"));
    }
    let payload = format!("{head}{sealed_b64}{PAYLOAD_TAIL}");
    let input = format!("{}.{}", b64::url_safe(HEADER.as_bytes()), b64::url_safe(payload.as_bytes()));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.bytes()), input.as_bytes());

    let mut writer = TokenWriter::new(Vec::new(), &inputs.client_id, key, iv)?;
    writer.write_all(zip)?;
    let token = writer.finish()?;
    if token != format!("{input}.{}", b64::url_safe(signature.as_ref())).into_bytes() {
        return Err(bad("the sealing writer and the primitives do not agree"));
    }

    let mut put = |name: &str, content: Vec<u8>| files.insert(format!("{folder}/{name}"), content);
    put("secret-key.hex", hex_line(key.bytes()));
    put("cbc-iv.hex", hex_line(&iv.bytes()));
    put("sealed.b64", sealed_b64.into_bytes());
    put("header.json", HEADER.as_bytes().to_vec());
    put("payload.json", payload.into_bytes());
    put("signing-input.txt", input.into_bytes());
    put("signature.hex", hex_line(signature.as_ref()));
    put("token.jwt", token);
    Ok(())
}
