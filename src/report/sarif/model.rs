//! The part of SARIF 2.1.0 that keysweep writes; section numbers are those of the OASIS standard.
//!
//! Types that could be filled wrongly have private fields and a constructor that can't: [`Region`],
//! [`Uri`] and [`Message`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::location;
use crate::report::uri::Uri;

/// The base of all paths: the root of the checkout or folder that was scanned.
pub(super) const BASE: &str = "SRCROOT";

/// §3.13.
#[derive(Serialize)]
pub(super) struct Log<T> {
    #[serde(rename = "$schema")]
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    pub(super) runs: [T; 1],
}

/// §3.14. `P` is its property bag, `R` a sequence that yields results one by one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run<'a, P, R> {
    pub(super) tool: Tool,
    pub(super) automation_details: AutomationDetails,
    pub(super) invocations: [Invocation; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) version_control_provenance: Vec<VersionControlDetails>,
    pub(super) original_uri_base_ids: BTreeMap<&'static str, UriBase>,
    pub(super) column_kind: &'static str,
    pub(super) redaction_tokens: [&'static str; 1],
    pub(super) taxonomies: [Taxonomy; 1],
    pub(super) properties: P,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) artifacts: &'a [Artifact],
    pub(super) results: R,
}

/// §3.18.
#[derive(Serialize)]
pub(super) struct Tool {
    pub(super) driver: Driver,
}

/// §3.19: the analysis tool itself. It contains nothing of a scanned repository.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver {
    pub(super) name: &'static str,
    pub(super) full_name: String,
    pub(super) version: &'static str,
    pub(super) semantic_version: &'static str,
    pub(super) organization: &'static str,
    pub(super) information_uri: &'static str,
    pub(super) short_description: Message,
    pub(super) full_description: Message,
    pub(super) rules: Vec<Descriptor>,
    pub(super) notifications: Vec<Descriptor>,
    pub(super) supported_taxonomies: [ComponentReference; 1],
}

/// §3.49: a rule, a notification or a taxon.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) short_description: Message,
    pub(super) full_description: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default_configuration: Option<Configuration>,
    pub(super) help_uri: Cow<'static, str>,
    pub(super) help: Help,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) relationships: Vec<Relationship>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) properties: Option<RuleProperties>,
}

/// §3.12: a multiformat message; GitHub shows the Markdown.
#[derive(Serialize)]
pub(super) struct Help {
    pub(super) text: String,
    pub(super) markdown: String,
}

/// §3.50.
#[derive(Serialize)]
pub(super) struct Configuration {
    pub(super) level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rank: Option<u8>,
}

/// Properties of a rule that GitHub and GitLab read in addition to the standard.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct RuleProperties {
    pub(super) tags: [&'static str; 4],
    pub(super) precision: &'static str,
    pub(super) security_severity: &'static str,
}

/// §3.53.
#[derive(Serialize)]
pub(super) struct Relationship {
    pub(super) target: DescriptorReference,
    pub(super) kinds: [&'static str; 1],
}

/// §3.52.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescriptorReference {
    pub(super) id: &'static str,
    pub(super) index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_component: Option<ComponentReference>,
}

/// §3.54.
#[derive(Serialize)]
pub(super) struct ComponentReference {
    pub(super) name: &'static str,
    pub(super) index: usize,
}

/// §3.19 in the role of a taxonomy.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Taxonomy {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) organization: &'static str,
    pub(super) information_uri: &'static str,
    pub(super) short_description: Message,
    pub(super) full_description: Message,
    pub(super) is_comprehensive: bool,
    pub(super) taxa: [Descriptor; 1],
}

/// §3.17.
#[derive(Serialize)]
pub(super) struct AutomationDetails {
    pub(super) id: String,
}

/// §3.20.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub(super) execution_successful: bool,
    pub(super) exit_code: u8,
    pub(super) exit_code_description: &'static str,
    pub(super) tool_execution_notifications: Vec<Notification>,
}

/// §3.58.
#[derive(Serialize)]
pub(super) struct Notification {
    pub(super) descriptor: DescriptorReference,
    pub(super) level: &'static str,
    pub(super) message: Message,
}

/// §3.23.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VersionControlDetails {
    pub(super) repository_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revision_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<String>,
    pub(super) mapped_to: BaseOnly,
}

/// §3.4 with nothing but a base.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BaseOnly {
    pub(super) uri_base_id: &'static str,
}

/// §3.14.14: a base whose URI the consumer knows, because it knows the checkout.
#[derive(Serialize)]
pub(super) struct UriBase {
    pub(super) description: Message,
}

/// §3.27.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifResult<'a> {
    pub(super) rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule_index: Option<usize>,
    pub(super) kind: &'static str,
    pub(super) level: &'static str,
    pub(super) rank: u8,
    pub(super) message: Message,
    pub(super) locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) related_locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) code_flows: Vec<CodeFlow>,
    pub(super) partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) suppressions: Option<Vec<Suppression>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) web_request: Option<WebRequest<'a>>,
    pub(super) properties: super::properties::Properties<'a>,
}

/// §3.36.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CodeFlow {
    pub(super) thread_flows: [ThreadFlow; 1],
}

/// §3.37.
#[derive(Serialize)]
pub(super) struct ThreadFlow {
    pub(super) locations: Vec<ThreadFlowLocation>,
}

/// §3.38.
#[derive(Serialize)]
pub(super) struct ThreadFlowLocation {
    pub(super) location: Location,
}

/// §3.46, without fields that could contain a secret.
#[derive(Serialize)]
pub(super) struct WebRequest<'a> {
    pub(super) protocol: &'a str,
    pub(super) target: &'a str,
    pub(super) method: &'static str,
    pub(super) parameters: BTreeMap<&'static str, &'static str>,
}

/// §3.28. Each has an id of its own, which also keeps related locations unique.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Message>,
    pub(super) physical_location: PhysicalLocation,
}

impl Location {
    /// Removes the surrounding lines.
    pub(super) fn without_context(mut self) -> Self {
        self.physical_location.context_region = None;
        self
    }
}

/// §3.29.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub(super) artifact_location: ArtifactLocation,
    pub(super) region: Region,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) context_region: Option<ContextRegion>,
}

/// §3.4.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    pub(super) uri: Uri,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uri_base_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<usize>,
}

impl ArtifactLocation {
    /// The same location in a result, which also has an index.
    pub(super) fn clone_at(&self, index: usize) -> Self {
        Self { uri: self.uri.clone(), uri_base_id: self.uri_base_id, index: Some(index) }
    }
}

/// §3.30: 1-based, in UTF-16 code units, with an exclusive end.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    start_line: u64,
    start_column: u64,
    end_line: u64,
    end_column: u64,
    snippet: Message,
}

impl Region {
    /// The region of a location, and the masked text in it.
    pub(super) fn new(place: location::Region, snippet: Message) -> Self {
        let (start_line, start_column) = (place.start.line.max(1), place.start.column_utf16.max(1));
        let (mut end_line, mut end_column) = (place.end.line, place.end.column_utf16);
        if (end_line, end_column) <= (start_line, start_column) {
            (end_line, end_column) = (start_line, start_column + 1);
        }
        Self { start_line, start_column, end_line, end_column, snippet }
    }

    /// The beginning of a file without lines, such as an archive.
    pub(super) fn of_file() -> Self {
        let start = location::Position::default();
        Self::new(location::Region { start, end: start }, Message::redacted())
    }

    /// The surrounding lines, as `snippet` shows them.
    pub(super) fn context(&self, snippet: &str) -> ContextRegion {
        ContextRegion {
            start_line: self.start_line,
            end_line: self.end_line,
            snippet: Message::new(snippet),
        }
    }
}

/// §3.29.5: whole lines, so no columns.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContextRegion {
    start_line: u64,
    end_line: u64,
    snippet: Message,
}

/// §3.11, or the text of an artifact (§3.3): an object with text, which is never empty.
#[derive(Serialize)]
pub(super) struct Message {
    text: String,
}

impl Message {
    /// A message; services refuse an empty one.
    pub(super) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { text: if text.is_empty() { "(empty)".to_owned() } else { text } }
    }

    /// The text in place of a secret (§3.5.2).
    pub(super) fn redacted() -> Self {
        Self::new(crate::secret::MASK)
    }
}

/// §3.35.
#[derive(Serialize)]
pub(super) struct Suppression {
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) justification: String,
}

/// §3.24.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Artifact {
    pub(super) location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent_index: Option<usize>,
}
