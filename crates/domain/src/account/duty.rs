//! What follows from a role alone.

use super::Role;

impl Role {
    /// The people of organisations that provide data or services.
    pub const ORGANISATION: &'static [Self] = &[Self::Applicant, Self::Deputy];
    /// Those who review filings.
    pub const REVIEWERS: &'static [Self] = &[Self::Operator, Self::Authority, Self::Ministry];
    /// Those who see every organisation's items.
    pub const OVERSEERS: &'static [Self] =
        &[Self::Operator, Self::Ministry, Self::Administrator, Self::Auditor];

    /// Whether the role belongs to the reviewing or operating side: such accounts need a second factor.
    pub fn is_staff(self) -> bool {
        !Self::ORGANISATION.contains(&self)
    }

    /// Whether an account of this role acts for one organisation.
    pub fn needs_organisation(self) -> bool {
        matches!(self, Self::Applicant | Self::Deputy | Self::Authority)
    }

    /// Whether the role may change anything but its own account.
    pub fn only_reads(self) -> bool {
        self == Self::Auditor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_kept_as_words() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
        }
        assert!("root".parse::<Role>().unwrap_err().contains("auditor"));
    }
}
