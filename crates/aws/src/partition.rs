//! AWS's partitions and where the STS of each is asked.
//!
//! Credentials never cross partitions, and a key id does not say which is its own.

use std::fmt;

/// A partition whose STS can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    /// `aws`, the commercial Regions.
    Aws,
    /// `aws-us-gov`, AWS GovCloud (US).
    UsGov,
    /// `aws-cn`, the Regions in China.
    Cn,
    /// `aws-eusc`, the European Sovereign Cloud.
    Eusc,
}

impl Partition {
    /// Every partition, in the order in which they are asked.
    pub const ALL: [Self; 4] = [Self::Aws, Self::UsGov, Self::Cn, Self::Eusc];

    /// Its name as in an ARN.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::UsGov => "aws-us-gov",
            Self::Cn => "aws-cn",
            Self::Eusc => "aws-eusc",
        }
    }

    /// The partition of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|partition| partition.name() == name)
    }

    /// The Region for which a request is signed.
    pub fn region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::UsGov => "us-gov-west-1",
            Self::Cn => "cn-north-1",
            Self::Eusc => "eusc-de-east-1",
        }
    }

    /// The partition of a Region; `None` for those of no partition that can be asked.
    pub fn of_region(region: &str) -> Option<Self> {
        match region {
            _ if region.starts_with("us-gov-") => Some(Self::UsGov),
            _ if region.starts_with("cn-") => Some(Self::Cn),
            _ if region.starts_with("eusc-") => Some(Self::Eusc),
            _ if region.contains("-iso") => None,
            _ => Some(Self::Aws),
        }
    }

    /// The endpoint of IAM; `None` where FIPS is asked for and AWS lists no such endpoint.
    ///
    /// AWS General Reference, "AWS Identity and Access Management endpoints and quotas", and the
    /// rules of the SDKs.
    pub fn iam_endpoint(self, fips: bool) -> Option<&'static str> {
        match (self, fips) {
            (Self::Aws, false) => Some("https://iam.amazonaws.com"),
            (Self::Aws, true) => Some("https://iam-fips.amazonaws.com"),
            (Self::UsGov, _) => Some("https://iam.us-gov.amazonaws.com"),
            (Self::Cn, false) => Some("https://iam.cn-north-1.amazonaws.com.cn"),
            (Self::Eusc, false) => Some("https://iam.eusc-de-east-1.amazonaws.eu"),
            (Self::Cn | Self::Eusc, true) => None,
        }
    }

    /// The regional endpoint of STS; `None` where FIPS is asked for and AWS lists no such endpoint.
    ///
    /// Regional, as the global one of `aws` answers from one Region. FIPS: "Federal Information
    /// Processing Standard (FIPS) 140-3", endpoints by service; every one of GovCloud is FIPS.
    pub fn endpoint(self, fips: bool) -> Option<&'static str> {
        match (self, fips) {
            (Self::Aws, false) => Some("https://sts.us-east-1.amazonaws.com"),
            (Self::Aws, true) => Some("https://sts-fips.us-east-1.amazonaws.com"),
            (Self::UsGov, _) => Some("https://sts.us-gov-west-1.amazonaws.com"),
            (Self::Cn, false) => Some("https://sts.cn-north-1.amazonaws.com.cn"),
            (Self::Eusc, false) => Some("https://sts.eusc-de-east-1.amazonaws.eu"),
            (Self::Cn | Self::Eusc, true) => None,
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which partitions are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PartitionChoice {
    /// Those that nearby text names, then `aws` and `aws-us-gov`.
    #[default]
    Nearby,
    /// All of them, those that nearby text names first.
    All,
    /// These and no other.
    Only(Vec<Partition>),
}

impl PartitionChoice {
    /// Reads `auto`, `all`, or names of partitions parted by commas.
    ///
    /// # Errors
    /// The word that names no partition.
    pub fn parse(text: &str) -> Result<Self, super::Setting> {
        match text {
            "auto" => Ok(Self::Nearby),
            "all" => Ok(Self::All),
            _ => text
                .split(',')
                .map(|name| {
                    Partition::from_name(name.trim())
                        .ok_or_else(|| super::Setting::Partition(name.to_owned()))
                })
                .collect::<Result<_, _>>()
                .map(Self::Only),
        }
    }

    /// The partitions to ask in turn, given the names that stand near a key.
    ///
    /// The second part are names near the key that no endpoint is known of, such as `aws-iso`:
    /// while they cannot be asked, no key is proved dead.
    pub fn plan(&self, nearby: &[&str]) -> (Vec<Partition>, Vec<String>) {
        let others: &[Partition] = match self {
            Self::Only(chosen) => return (chosen.clone(), Vec::new()),
            Self::Nearby => &[Partition::Aws, Partition::UsGov],
            Self::All => &Partition::ALL,
        };
        let mut plan: Vec<Partition> = Vec::new();
        let mut beyond: Vec<String> = Vec::new();
        for name in nearby {
            match Partition::from_name(name) {
                Some(partition) if !plan.contains(&partition) => plan.push(partition),
                None if !beyond.iter().any(|known| known == name) => {
                    beyond.push((*name).to_owned());
                }
                _ => {}
            }
        }
        plan.extend(others);
        let mut seen = Vec::new();
        plan.retain(|partition| {
            let fresh = !seen.contains(partition);
            seen.push(*partition);
            fresh
        });
        (plan, beyond)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearby_text_says_where_to_ask_first() {
        use Partition::{Aws, Cn, Eusc, UsGov};
        let plan = |choice: &PartitionChoice, near: &[&str]| choice.plan(near).0;
        assert_eq!(plan(&PartitionChoice::Nearby, &[]), [Aws, UsGov]);
        assert_eq!(plan(&PartitionChoice::Nearby, &["aws-cn", "aws-cn"]), [Cn, Aws, UsGov]);
        assert_eq!(plan(&PartitionChoice::Nearby, &["aws-us-gov"]), [UsGov, Aws]);
        assert_eq!(plan(&PartitionChoice::All, &["aws-us-gov"]), [UsGov, Aws, Cn, Eusc]);
        assert_eq!(plan(&PartitionChoice::Only(vec![Cn]), &["aws-us-gov"]), [Cn]);
    }

    #[test]
    fn a_partition_out_of_reach_is_remembered() {
        let (plan, beyond) = PartitionChoice::Nearby.plan(&["aws-iso"]);
        assert_eq!(plan, [Partition::Aws, Partition::UsGov]);
        assert_eq!(beyond, ["aws-iso"]);
    }

    #[test]
    fn reads_names_and_refuses_others() {
        let parsed = PartitionChoice::parse("aws-cn,aws").expect("two partitions");
        assert_eq!(parsed, PartitionChoice::Only(vec![Partition::Cn, Partition::Aws]));
        let error = PartitionChoice::parse("china").expect_err("no partition");
        assert!(error.to_string().contains("china") && error.to_string().contains("aws-cn"));
    }
}
