//! Syntaxes with a section, an object or a record for each key.

use super::names::Style::{Acronyms, Camel, Kebab, Pascal, Snake, Upper};
use super::syntax::{Syntax, sections};

const SHELL: Option<(&str, &str)> = Some(("# ", ""));
const SLASHES: Option<(&str, &str)> = Some(("// ", ""));
const XML: Option<(&str, &str)> = Some(("<!-- ", " -->"));

/// All of them.
#[rustfmt::skip]
pub const RECORDED: &[Syntax] = &[
    sections("AWS credentials", &[Snake], SHELL, "[{t}]\n", "{n} = {v}", "\n"),
    sections("AWS credentials, dense", &[Snake], Some(("#", "")), "[{t}]\n", "{n}={v}", ""),
    sections("rclone", &[Snake], SHELL, "[{t}]\ntype = s3\nprovider = AWS\n", "{n} = {v}", "\n"),
    sections("TOML, sections", &[Snake, Kebab], SHELL, "[app.{t}]\n", "{n} = \"{v}\"", "\n"),
    sections("YAML, nested", &[Snake, Camel, Kebab], SHELL, "{t}:\n", "  {n}: {v}", ""),
    sections("YAML, nested deeper", &[Snake, Camel], SHELL, "  {t}:\n    s3:\n", "      {n}: \"{v}\"", "")
        .inside("storage:\n", ""),
    sections("YAML, list of records", &[Snake, Camel], SHELL, "  - name: {t}\n", "    {n}: {v}", "")
        .inside("accounts:\n", ""),
    sections(
        "Kubernetes, a Secret each",
        &[Upper, Camel, Kebab],
        SHELL,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {t}\nstringData:\n",
        "  {n}: {v}",
        "",
    )
    .joined("", "---\n"),
    sections("compose, a service each", &[Upper], SHELL, "  {t}:\n    image: app:1\n    environment:\n", "      {n}: {v}", "")
        .inside("services:\n", ""),
    sections("JSON, nested", &[Snake, Camel, Pascal, Acronyms], None, "  \"{t}\": {\n", "    \"{n}\": \"{v}\"", "  }")
        .inside("{\n", "\n}\n")
        .joined(",", ",\n"),
    sections("JSON, array of records", &[Snake, Camel, Pascal, Acronyms], None, "  {\n    \"name\": \"{t}\",\n", "    \"{n}\": \"{v}\"", "  }")
        .inside("[\n", "\n]\n")
        .joined(",", ",\n"),
    sections("JSON, array on one line", &[Snake, Camel, Pascal, Acronyms], None, "{\"name\":\"{t}\",", "\"{n}\":\"{v}\"", "}")
        .inside("[", "]\n")
        .joined(",", ",")
        .ending(""),
    sections("JSON lines", &[Snake, Camel, Pascal, Acronyms], None, "{\"name\":\"{t}\",", "\"{n}\":\"{v}\"", "}\n")
        .joined(",", "")
        .ending(""),
    sections("Terraform, providers", &[Snake], SHELL, "provider \"aws\" {\n  alias = \"{t}\"\n", "  {n} = \"{v}\"", "}\n\n"),
    sections(
        "Terraform, state",
        &[Snake],
        None,
        "    {\n      \"mode\": \"managed\",\n      \"type\": \"aws_iam_access_key\",\n      \"name\": \"{t}\",\n      \"instances\": [\n        {\n          \"attributes\": {\n",
        "            \"{n}\": \"{v}\"",
        "          }\n        }\n      ]\n    }",
    )
    .inside("{\n  \"version\": 4,\n  \"resources\": [\n", "\n  ]\n}\n")
    .joined(",", ",\n"),
    sections("Python, nested dict", &[Snake, Upper], SHELL, "    '{t}': {\n", "        '{n}': '{v}',", "    },\n")
        .inside("ACCOUNTS = {\n", "}\n"),
    sections("JavaScript, objects", &[Camel], SLASHES, "const {t} = {\n", "  {n}: '{v}',", "};\n\n"),
    sections("JavaScript, objects on one line", &[Camel], None, "const {t} = { ", "{n}: '{v}'", " };\n")
        .joined(", ", "")
        .ending(""),
    sections("PHP, nested arrays", &[Snake, Camel], SLASHES, "    '{t}' => [\n", "        '{n}' => '{v}',", "    ],\n")
        .inside("<?php\nreturn [\n", "];\n"),
    sections("Ruby, hashes", &[Snake], SHELL, "{T} = {\n", "  {n}: '{v}',", "}\n\n"),
    sections("XML, records", &[Camel, Pascal, Snake], XML, "  <account id=\"{t}\">\n", "    <{n}>{v}</{n}>", "  </account>\n")
        .inside("<accounts>\n", "</accounts>\n"),
    sections("XML, a record a line", &[Camel, Kebab], None, "  <account name=\"{t}\"", " {n}=\"{v}\"", "/>\n")
        .inside("<accounts>\n", "</accounts>\n")
        .ending(""),
    sections("Go, structs", &[Pascal], SLASHES, "var {t} = Config{\n", "\t{n}: \"{v}\",", "}\n\n"),
    sections("keyword arguments, a call each", &[Snake], None, "{t} = boto3.client(\n    's3',\n", "    {n}='{v}',", ")\n"),
    sections("keyword arguments, one line", &[Snake, Camel], None, "{t} = connect(", "{n}='{v}'", ")\n")
        .joined(", ", "")
        .ending(""),
    sections("shell, a block each", &[Upper], SHELL, "# --- {t}\n", "export {n}={v}", "\n"),
    sections("aws configure, profiles", &[Snake], SHELL, "", "aws configure set {n} {v} --profile {t}", ""),
    sections("s3cmd and boto", &[Snake], SHELL, "[{t}]\nuse_https = True\n", "{n} = {v}", "\n"),
    sections("INI, colons", &[Snake, Camel], Some(("; ", "")), "[{t}]\n", "{n}: {v}", "\n"),
    sections("YAML, flow records", &[Snake, Camel], None, "{t}: {", "{n}: {v}", "}\n")
        .joined(", ", "")
        .ending(""),
    sections("Ansible, list of records", &[Snake], None, "    - { name: {t}, ", "{n}: '{v}'", " }\n")
        .inside("- hosts: web\n  vars:\n   accounts:\n", "")
        .joined(", ", "")
        .ending(""),
    sections("Terraform, locals", &[Snake], SHELL, "    {t} = {\n", "      {n} = \"{v}\"", "    }\n")
        .inside("locals {\n  accounts = {\n", "  }\n}\n"),
    sections("Java, a class each", &[Upper, Camel], SLASHES, "  static class {T} {\n", "    static final String {n} = \"{v}\";", "  }\n")
        .inside("class Keys {\n", "}\n"),
    sections("Python, a class each", &[Upper, Snake], SHELL, "class {T}:\n", "    {n} = '{v}'", "\n\n"),
    sections("GitHub Actions, steps", &[Upper], SHELL, "      - name: {t}\n        run: make\n        env:\n", "          {n}: {v}", "")
        .inside("jobs:\n  deploy:\n    steps:\n", ""),
    sections("JSON, create-access-key", &[Pascal, Acronyms], None, "{\n  \"AccessKey\": {\n    \"UserName\": \"{t}\",\n    \"Status\": \"Active\",\n", "    \"{n}\": \"{v}\"", "  }\n}\n")
        .joined(",", ""),
    sections("JavaScript, nested credentials", &[Camel], SLASHES, "const {t} = new S3({\n  region: 'eu-west-1',\n  credentials: {\n", "    {n}: '{v}',", "  },\n});\n\n"),
    sections("JSON, nested credentials", &[Camel, Snake], None, "  \"{t}\": {\n    \"type\": \"s3\",\n    \"credentials\": {\n", "      \"{n}\": \"{v}\"", "    }\n  }")
        .inside("{\n", "\n}\n")
        .joined(",", ",\n"),
    sections("YAML, list, dash on its own", &[Snake, Camel], SHELL, "-\n  name: {t}\n", "  {n}: {v}", ""),
    sections("HCL, blocks", &[Snake], SHELL, "storage \"s3\" \"{t}\" {\n", "  {n} = \"{v}\"", "}\n\n"),
    sections("nginx-like blocks", &[Snake], SHELL, "upstream {t} {\n", "    {n} {v};", "}\n"),
    sections("PHP, calls with arrays", &[Snake, Camel], None, "${t} = new S3Client([", "'{n}' => '{v}'", "]);\n")
        .joined(", ", "")
        .ending(""),
    sections("Ruby, calls", &[Snake], None, "{T} = Aws::S3::Client.new(", "{n}: '{v}'", ")\n")
        .joined(", ", "")
        .ending(""),
    sections("C#, initializers", &[Pascal], SLASHES, "var {t} = new StoreOptions\n{\n", "    {n} = \"{v}\",", "};\n\n"),
    sections("Java, setters of objects", &[Pascal], SLASHES, "Store {t} = new Store();\n", "{t}.set{n}(\"{v}\");", "\n"),
    sections("Rust, structs", &[Snake], SLASHES, "let {t} = Config {\n", "    {n}: \"{v}\".into(),", "};\n"),
    sections("vault kv put, a path each", &[Snake], None, "vault kv put secret/{t} ", "{n}={v} ", "\n").ending(""),
    sections("Elasticsearch keystore", &[Snake], SHELL, "", "s3.client.{t}.{n}: {v}", ""),
    sections("Spring, a prefix each", &[Kebab, Camel], SHELL, "", "app.{t}.{n}={v}", "\n"),
    sections("git config", &[Camel], Some(("; ", "")), "[remote \"{t}\"]\n", "\t{n} = {v}", ""),
    sections("chat, a message each", &[Snake], None, "[10:{i}1] jane: {t} is\n", "[10:42] jane: {n} {v}", ""),
    sections("Markdown, a heading each", &[Snake, Upper], None, "## {t}\n\n", "- {n}: `{v}`", "\n"),
];
