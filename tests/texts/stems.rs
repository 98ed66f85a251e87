//! Stems, which distinguish the keys of one text: words before, after or within their names.

use super::random::Random;

/// Services, teams, purposes and products, as they occur in public repositories.
#[rustfmt::skip]
pub const STEMS: [&str; 275] = [
    "upload", "client", "vault", "gitlab", "image store", "cert dns", "backup", "archive",
    "avatar", "media", "assets", "static", "cdn", "images", "image", "photos", "video",
    "thumbnail", "documents", "attachments", "reports", "invoices", "exports", "imports", "logs",
    "audit", "metrics", "analytics", "warehouse", "lake", "etl", "pipeline", "ingest", "events",
    "stream", "queue", "worker", "cron", "scheduler", "batch", "jobs", "lambda", "deploy",
    "deployer", "ci", "build", "release", "artifacts", "registry", "packages", "cache", "session",
    "token", "auth", "login", "identity", "sso", "users", "user", "admin", "root", "ops", "infra",
    "terraform", "packer", "ansible", "jenkins", "github", "bitbucket", "travis", "circleci",
    "drone", "argo", "flux", "helm", "k8s", "cluster", "node", "runner", "agent", "bot", "slack",
    "telegram", "twitter", "facebook", "google", "stripe", "paypal", "shopify", "magento",
    "wordpress", "drupal", "rails", "django", "laravel", "spring", "sendgrid", "mailer",
    "smtp relay", "newsletter", "notifications", "push", "sms", "voice", "chat", "search",
    "elastic", "kibana", "grafana", "prometheus", "loki", "thanos", "tempo", "sentry", "datadog",
    "newrelic", "splunk", "postgres", "mysql", "mongo", "redis", "snapshot", "restore", "replica",
    "mirror", "sync", "transfer", "sftp", "ftp", "partner", "vendor", "customer", "tenant",
    "merchant", "payments", "billing", "ledger", "orders", "cart", "catalog", "inventory",
    "shipping", "tracking", "geo", "maps", "tiles", "weather", "sensor", "iot", "device",
    "firmware", "ota", "mobile", "android", "ios", "web", "frontend", "backend", "api", "gateway",
    "proxy", "edge", "public", "private", "shared", "internal", "external", "primary",
    "secondary", "legacy", "new", "next", "main", "master", "default", "temp", "test", "qa",
    "uat", "sandbox", "demo", "preview", "canary", "loadtest", "ml", "training", "models",
    "datasets", "notebook", "sagemaker", "bedrock", "spark", "emr", "hadoop", "presto", "athena",
    "redshift", "snowflake", "kafka", "airflow", "dbt", "nifi", "hash", "checksum", "signature",
    "signing", "sign", "certs", "pki", "letsencrypt", "dns", "route53", "rev", "revision",
    "version", "commit", "branch", "eu west", "us east", "team red", "acme corp", "blue app",
    "crawler", "scraper", "react app", "next public", "expo public", "vite", "storage",
    "media storage", "nas", "tf var", "production", "development", "access logs", "key vault",
    "secrets manager", "keycloak", "token service", "password reset", "id service", "api gateway",
    "private files", "object store", "data science", "blog", "forum", "wiki", "intranet", "crm",
    "erp", "pos", "hr", "finance", "legal", "support", "helpdesk", "survey", "quiz", "game",
    "player", "match", "score", "render", "transcode", "encoder", "subtitle", "ocr", "pdf",
    "fonts", "icons", "themes", "plugins", "addons", "acme",
];

/// Environments, which are often next to one another.
pub const ENVIRONMENTS: [&str; 12] = [
    "prod",
    "dev",
    "staging",
    "test",
    "qa",
    "live",
    "local",
    "preprod",
    "integration",
    "sandbox",
    "uat",
    "demo",
];

/// So many stems, each other than the rest.
pub fn stems(random: &mut Random, count: usize) -> Vec<String> {
    let family = random.below(12);
    let base = random.below(STEMS.len());
    let nth = |index: usize| match family {
        // By environment, by number, by letter, by environment of one service.
        0 | 1 => ENVIRONMENTS[(base + index) % ENVIRONMENTS.len()].to_owned(),
        2 => (index + 1).to_string(),
        3 => format!("{} {}", STEMS[base], index + 1),
        // The stems of one product.
        5 | 6 => format!("{} {}", STEMS[base], STEMS[(base + (index + 1) * 37) % STEMS.len()]),
        4 => {
            format!("{} {}", ENVIRONMENTS[(base + index) % ENVIRONMENTS.len()], STEMS[base])
        }
        _ => STEMS[(base + index * 37) % STEMS.len()].to_owned(),
    };
    (0..count).map(nth).collect()
}
