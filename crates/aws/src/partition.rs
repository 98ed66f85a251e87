//! The partitions of AWS and the STS endpoint of each.
//!
//! Credentials are valid in one partition only, and a key id does not reveal which.

use std::fmt;

/// A partition with a known STS endpoint.
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
    /// Every partition, in the order in which they are tried.
    pub const ALL: [Self; 4] = [Self::Aws, Self::UsGov, Self::Cn, Self::Eusc];

    /// Its name in an ARN.
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

    /// The partition of a Region; `None` for a Region of any other partition.
    pub fn of_region(region: &str) -> Option<Self> {
        match region {
            _ if region.starts_with("us-gov-") => Some(Self::UsGov),
            _ if region.starts_with("cn-") => Some(Self::Cn),
            _ if region.starts_with("eusc-") => Some(Self::Eusc),
            _ if region.contains("-iso") => None,
            _ => Some(Self::Aws),
        }
    }

    /// The endpoint of IAM; `None` if FIPS is requested and AWS lists no such endpoint.
    ///
    /// Source: AWS General Reference, "AWS Identity and Access Management endpoints and quotas",
    /// and the endpoint rules of the SDKs.
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

    /// The regional endpoint of STS; `None` if FIPS is requested and AWS lists no such endpoint.
    ///
    /// It is regional because the global endpoint of `aws` answers from one Region. Source for
    /// FIPS: "Federal Information Processing Standard (FIPS) 140-3", endpoints by service; every
    /// endpoint of GovCloud is FIPS.
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

/// The partitions that are tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PartitionChoice {
    /// The partitions that nearby text names, then `aws` and `aws-us-gov`.
    #[default]
    Nearby,
    /// All partitions, those that nearby text names first.
    All,
    /// Only these partitions.
    Only(Vec<Partition>),
}

impl PartitionChoice {
    /// Parses `auto`, `all`, or names of partitions separated by commas.
    ///
    /// # Errors
    /// If a word is not the name of a partition.
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

    /// The partitions to try in order, given the names near a key.
    ///
    /// The second list has names near the key without a known endpoint, such as `aws-iso`: as these
    /// partitions can't be tried, the key can't be reported as dead.
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
