//! Syntaxes in which only names distinguish keys.

use super::names::Style;
use super::names::Style::{
    Acronyms, Camel, Colons, Dotted, DottedKebab, Joined, Kebab, Mixed, Pascal, Slashes, Snake,
    Underscores, Upper, Words,
};
use super::syntax::{Syntax, lines};

const SHELL: Option<(&str, &str)> = Some(("# ", ""));
const TIGHT: Option<(&str, &str)> = Some(("#", ""));
const SLASHES: Option<(&str, &str)> = Some(("// ", ""));
const XML: Option<(&str, &str)> = Some(("<!-- ", " -->"));

const ENV: &[Style] = &[Upper];
const LOWER: &[Style] = &[Snake, Upper, Camel, Kebab, Acronyms, Mixed, Joined];
const NET: &[Style] = &[Camel, Pascal, Upper, Acronyms, Colons, Underscores];

/// All of them.
pub const FLAT: &[Syntax] = &[
    lines("dotenv", ENV, TIGHT, "{n}={v}"),
    lines("dotenv", ENV, SHELL, "{n}={v}"),
    lines("dotenv, quoted", ENV, SHELL, "{n}=\"{v}\""),
    lines("export", ENV, TIGHT, "export {n}={v}"),
    lines("export, quoted", ENV, SHELL, "export {n}='{v}'"),
    lines("set", ENV, Some(("REM ", "")), "set {n}={v}"),
    lines("setx", ENV, Some((":: ", "")), "setx {n} \"{v}\" /M"),
    lines("PowerShell", ENV, SHELL, "$env:{n} = \"{v}\""),
    lines("PowerShell, variables", &[Camel, Pascal], SHELL, "${n} = '{v}'"),
    lines("Dockerfile", ENV, SHELL, "ENV {n}={v}").inside("FROM alpine:3\n", "CMD [\"app\"]\n"),
    lines("Dockerfile, old", ENV, SHELL, "ENV {n} {v}").inside("FROM alpine:3\n", ""),
    lines("compose, map", ENV, SHELL, "      {n}: {v}")
        .inside("services:\n  app:\n    image: app:1\n    environment:\n", "    ports:\n      - 80\n"),
    lines("compose, list", ENV, SHELL, "      - {n}={v}")
        .inside("services:\n  app:\n    image: app:1\n    environment:\n", ""),
    lines("Kubernetes, stringData", &[Upper, Kebab, Camel], SHELL, "  {n}: {v}")
        .inside("apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\nstringData:\n", ""),
    lines(
        "Kubernetes, env",
        ENV,
        SHELL,
        "            - name: {n}\n              value: \"{v}\"",
    )
    .inside("kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - name: app\n          env:\n", ""),
    lines("Helm values", &[Camel, Snake], SHELL, "  {n}: \"{v}\"").inside("replicas: 2\nconfig:\n", ""),
    lines("GitHub Actions", ENV, SHELL, "          {n}: {v}")
        .inside("on: push\njobs:\n  deploy:\n    steps:\n      - run: make deploy\n        env:\n", ""),
    lines("GitLab CI", ENV, SHELL, "  {n}: \"{v}\"").inside("variables:\n", "test:\n  script: make\n"),
    lines("YAML, flat", LOWER, SHELL, "{n}: {v}"),
    lines("Ansible", &[Snake], SHELL, "    {n}: '{v}'").inside("- hosts: web\n  vars:\n", ""),
    lines("JSON, flat", LOWER, None, "  \"{n}\": \"{v}\"").inside("{\n", "}\n").joined(",", ""),
    lines("JSON, one line", LOWER, None, "\"{n}\":\"{v}\"").inside("{", "}\n").joined(",", "").ending(""),
    lines("Terraform, tfvars", &[Snake], SHELL, "{n} = \"{v}\""),
    lines(
        "Terraform, variables",
        &[Snake],
        None,
        "variable \"{n}\" {\n  type    = string\n  default = \"{v}\"\n}\n",
    ),
    lines(
        "CloudFormation, SSM parameters",
        &[Snake, Camel, Kebab, Slashes],
        None,
        "  {N}:\n    Type: AWS::SSM::Parameter\n    Properties:\n      Name: /app/{n}\n      Type: String\n      Tier: Standard\n      Description: a setting of the app\n      Value: {v}",
    )
    .inside("Resources:\n", ""),
    lines(
        "SSM parameters, JSON",
        &[Snake, Camel, Kebab, Slashes],
        None,
        "    {\n      \"Name\": \"/app/{n}\",\n      \"Type\": \"SecureString\",\n      \"Value\": \"{v}\",\n      \"Version\": 1\n    }",
    )
    .inside("{\n  \"Parameters\": [\n", "  ]\n}\n")
    .joined(",", ""),
    lines("XML, elements", LOWER, XML, "  <{n}>{v}</{n}>").inside("<config>\n", "</config>\n"),
    lines("XML, attributes", NET, XML, "    <add key=\"{n}\" value=\"{v}\" />")
        .inside("<configuration>\n  <appSettings>\n", "  </appSettings>\n</configuration>\n"),
    lines(
        "Hadoop properties",
        &[Dotted, DottedKebab],
        None,
        "  <property>\n    <name>fs.{n}</name>\n    <value>{v}</value>\n  </property>",
    )
    .inside("<configuration>\n", "</configuration>\n"),
    lines("Java properties", &[Dotted, DottedKebab], TIGHT, "{n}={v}"),
    lines("Java, constants", ENV, SLASHES, "    private static final String {n} = \"{v}\";")
        .inside("public final class Config {\n", "}\n"),
    lines("Python, constants", &[Upper, Snake], SHELL, "{n} = '{v}'"),
    lines("Python, dict", LOWER, SHELL, "    '{n}': '{v}',").inside("CONFIG = {\n", "}\n"),
    lines("Python, keyword arguments", &[Snake], None, "    {n}='{v}',").inside("run(\n", ")\n"),
    lines("Go, constants", &[Camel, Pascal], SLASHES, "\t{n} = \"{v}\"").inside("const (\n", ")\n"),
    lines("JavaScript, constants", &[Camel, Upper], SLASHES, "const {n} = '{v}';"),
    lines("JavaScript, object", &[Camel], SLASHES, "  {n}: '{v}',").inside("module.exports = {\n", "};\n"),
    lines("PHP, define", ENV, SLASHES, "define('{n}', '{v}');").inside("<?php\n", ""),
    lines("PHP, array", &[Snake, Camel], SLASHES, "    '{n}' => '{v}',").inside("<?php\nreturn [\n", "];\n"),
    lines("PHP, config", &[Snake], SLASHES, "$config['{n}'] = '{v}';").inside("<?php\n", ""),
    lines("Ruby, constants", ENV, SHELL, "{n} = \"{v}\""),
    lines("C#, constants", &[Pascal], SLASHES, "        public const string {n} = \"{v}\";")
        .inside("namespace App {\n    static class Keys {\n", "    }\n}\n"),
    lines("TOML, flat", &[Snake, Kebab], SHELL, "{n} = \"{v}\""),
    lines("Jenkins", ENV, SLASHES, "        {n} = '{v}'")
        .inside("pipeline {\n    agent any\n    environment {\n", "    }\n}\n"),
    lines("docker run", ENV, None, "-e {n}={v} ").inside("docker run --rm ", "app:1\n").ending(""),
    lines("systemd", ENV, TIGHT, "Environment=\"{n}={v}\"").inside("[Service]\n", "ExecStart=/bin/app\n"),
    lines("Markdown, list", &[Words, Upper], None, "- **{n}**: `{v}`").inside("# Setup\n\n", ""),
    lines("Markdown, table of settings", &[Words, Upper], None, "| {n} | `{v}` |")
        .inside("| Setting | Value |\n|---|---|\n", "\n"),
    lines("log, one line", &[Snake, Camel], None, " {n}={v}")
        .inside("2024-05-01T10:11:12Z level=debug msg=\"configuration read\"", "\n")
        .ending(""),
    lines("notes", &[Words], None, "{n}: {v}"),
    lines(
        "Kubernetes, env, value first",
        ENV,
        SHELL,
        "            - value: \"{v}\"\n              name: {n}",
    )
    .inside("kind: Pod\nspec:\n      containers:\n        - name: app\n          env:\n", ""),
    lines("ECS, environment", ENV, None, "        { \"name\": \"{n}\", \"value\": \"{v}\" }")
        .inside("{\n  \"containerDefinitions\": [\n    { \"name\": \"web\", \"environment\": [\n", "    ] }\n  ]\n}\n")
        .joined(",", ""),
    lines("ECS, value first", ENV, None, "{\"value\":\"{v}\",\"name\":\"{n}\"}")
        .inside("{\"environment\":[", "]}\n")
        .joined(",", "")
        .ending(""),
    lines("Postman", &[Camel, Snake], None, "    {\n      \"key\": \"{n}\",\n      \"value\": \"{v}\",\n      \"enabled\": true\n    }")
        .inside("{\n  \"values\": [\n", "  ]\n}\n")
        .joined(",", ""),
    lines("Android strings", &[Snake], XML, "    <string name=\"{n}\">{v}</string>")
        .inside("<resources>\n", "</resources>\n"),
    lines("plist", &[Camel, Pascal], XML, "    <key>{n}</key>\n    <string>{v}</string>")
        .inside("<plist version=\"1.0\">\n  <dict>\n", "  </dict>\n</plist>\n"),
    lines("Rust, constants", ENV, SLASHES, "pub const {n}: &str = \"{v}\";"),
    lines("TypeScript, class", &[Camel], SLASHES, "  private readonly {n} = '{v}';")
        .inside("export class Config {\n", "}\n"),
    lines("Lua, table", &[Snake], Some(("-- ", "")), "  {n} = \"{v}\",").inside("return {\n", "}\n"),
    lines("Gradle", &[Camel, Snake], SLASHES, "    {n} = \"{v}\"").inside("ext {\n", "}\n"),
    lines("Heroku, config:set", ENV, None, "{n}={v} ").inside("heroku config:set ", "--app web\n").ending(""),
    lines("GitHub, gh secret", ENV, None, "gh secret set {n} --body \"{v}\""),
    lines("diff", ENV, TIGHT, "+{n}={v}").inside("--- a/.env\n+++ b/.env\n@@ -1,2 +1,9 @@\n", ""),
];
