//! The schema's steps, in order. A step that has been released is never changed: a later one mends it.
//! Steps expand first and contract in a later release, so that nodes of two versions work on one database.
//!
//! What a step may use: TEXT, BIGINT and BYTEA columns, `NOT NULL`, `PRIMARY KEY`, `UNIQUE`, `REFERENCES`, `CHECK`, `DEFAULT`,
//! plain and partial indexes, `ALTER TABLE … ADD COLUMN`, `INSERT` and `UPDATE` of plain rows. No triggers, no engine's own types.

/// One step.
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

macro_rules! steps {
    ($($version:literal $name:literal;)*) => {
        &[$(Migration { version: $version, name: $name, sql: include_str!(concat!($name, ".sql")) }),*]
    };
}

/// All steps, oldest first.
pub(crate) const ALL: &[Migration] = steps! {
    1 "0001_base";
    2 "0002_exchange";
    3 "0003_accounts";
    4 "0004_items";
    5 "0005_lanes_and_consent_drafts";
    6 "0006_backoffice";
    7 "0007_health";
    8 "0008_backoffice_flow";
    9 "0009_system";
    10 "0010_statistics";
    11 "0011_spent";
    12 "0012_front_tests";
    13 "0013_citizens";
    14 "0014_own_downloads";
    15 "0015_portal";
    16 "0016_counter";
    17 "0017_organisation_notes";
    18 "0018_audit_chain";
    19 "0019_revocation";
    20 "0020_citizen_policies";
    21 "0021_keys";
    22 "0022_identity";
};
