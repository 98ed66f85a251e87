//! Further syntaxes in which only names distinguish keys: commands, calls, nested values.

use super::names::Style;
use super::names::Style::{
    Acronyms, Camel, Dotted, Joined, Kebab, Pascal, Slashes, Snake, Upper, Words,
};
use super::syntax::{Syntax, lines};

const SHELL: Option<(&str, &str)> = Some(("# ", ""));
const SLASHES: Option<(&str, &str)> = Some(("// ", ""));
const XML: Option<(&str, &str)> = Some(("<!-- ", " -->"));

const ENV: &[Style] = &[Upper];
const NAMES: &[Style] = &[Camel, Snake, Kebab, Pascal, Acronyms];

/// All of them.
#[rustfmt::skip]
pub const COMMANDS: &[Syntax] = &[
    lines("command, flags on one line", &[Kebab, Snake, Joined], None, "--{n} {v} ").inside("backup run ", "/srv\n").ending(""),
    lines("command, flags with =", &[Kebab, Snake], None, "--{n}={v} ").inside("./sync ", "\n").ending(""),
    lines("command, continued lines", &[Kebab, Snake], None, "    --{n} {v} \\").inside("backup run \\\n", "    /srv\n"),
    lines("java -D", &[Dotted, Camel], None, "-D{n}={v} ").inside("java ", "-jar app.jar\n").ending(""),
    lines("terraform -var", &[Snake], None, "-var '{n}={v}' ").inside("terraform apply ", "\n").ending(""),
    lines("helm --set", &[Dotted, Camel], None, "  --set {n}={v} \\").inside("helm install app . \\\n", "  --wait\n"),
    lines("docker build", ENV, None, "--build-arg {n}={v} ").inside("docker build ", ".\n").ending(""),
    lines("kubectl, from-literal", &[Snake, Kebab, Upper], None, "  --from-literal={n}={v} \\").inside("kubectl create secret generic app \\\n", "  -n web\n"),
    lines("vault kv put", &[Snake], None, "{n}={v} ").inside("vault kv put secret/app ", "\n").ending(""),
    lines("aws ssm put-parameter", &[Slashes, Snake, Kebab], SHELL, "aws ssm put-parameter --type SecureString --name /app/{n} --value {v}"),
    lines("consul kv put", &[Slashes, Snake], SHELL, "consul kv put app/{n} {v}"),
    lines("redis, SET", &[Snake, Camel], None, "SET app:{n} \"{v}\""),
    lines("shell, defaults", ENV, SHELL, "{n}=\"${{n}:-{v}}\""),
    lines("Python, environ", ENV, SHELL, "os.environ['{n}'] = '{v}'").inside("import os\n", ""),
    lines("Python, getenv", ENV, SHELL, "{n} = os.getenv('{n}', '{v}')").inside("import os\n", ""),
    lines("JavaScript, process.env", ENV, SLASHES, "process.env.{n} = '{v}';"),
    lines("JavaScript, fallback", ENV, SLASHES, "const {n} = process.env.{n} || '{v}';"),
    lines("Ruby, ENV", ENV, SHELL, "ENV['{n}'] = '{v}'"),
    lines("PHP, putenv", ENV, SLASHES, "putenv('{n}={v}');").inside("<?php\n", ""),
    lines("Java, setProperty", &[Dotted, Camel], SLASHES, "System.setProperty(\"{n}\", \"{v}\");"),
    lines("Java, wrapped", ENV, SLASHES, "    private static final String {n} =\n            \"{v}\";").inside("class Keys {\n", "}\n"),
    lines("Java, setters", &[Pascal], SLASHES, "config.set{n}(\"{v}\");"),
    lines("Java, builder", &[Camel], None, "    .{n}(\"{v}\")").inside("Config config = Config.builder()\n", "    .build();\n"),
    lines("Spark, conf.set", &[Dotted], SHELL, "spark.conf.set(\"fs.s3a.{n}\", \"{v}\")"),
    lines("Scala, val", &[Camel], SLASHES, "  val {n}: String = \"{v}\"").inside("object Keys {\n", "}\n"),
    lines("Kotlin, const", ENV, SLASHES, "const val {n} = \"{v}\""),
    lines("Swift, let", &[Camel], SLASHES, "let {n} = \"{v}\""),
    lines("Objective-C, define", ENV, SLASHES, "#define {n} @\"{v}\""),
    lines("C, define", ENV, SLASHES, "#define {n} \"{v}\""),
    lines("Clojure, map", &[Kebab], None, " :{n} \"{v}\"").inside("{", "}\n"),
    lines("Elixir, config", &[Snake], SHELL, "config :app, {n}: \"{v}\""),
    lines("Nix, attributes", &[Camel, Snake], SHELL, "  {n} = \"{v}\";").inside("{\n", "}\n"),
    lines("Puppet", &[Snake], SHELL, "  {n} => '{v}',").inside("class { 'app':\n", "}\n"),
    lines("YAML, block scalars", &[Snake, Camel], SHELL, "{n}: |\n  {v}"),
    lines("YAML, folded", &[Snake, Camel], SHELL, "  {n}: >-\n    {v}").inside("app:\n", ""),
    lines("CloudFormation, defaults", &[Pascal], None, "  {n}:\n    Type: String\n    NoEcho: true\n    Default: {v}").inside("Parameters:\n", ""),
    lines("CloudFormation, JSON", &[Pascal], None, "    \"{n}\": { \"Type\": \"String\", \"Default\": \"{v}\" }").inside("{\n  \"Parameters\": {\n", "  }\n}\n").joined(",", ""),
    lines("ARM parameters", &[Camel], None, "    \"{n}\": {\n      \"value\": \"{v}\"\n    }").inside("{\n  \"parameters\": {\n", "  }\n}\n").joined(",", ""),
    lines("Terraform, outputs", &[Snake], None, "    \"{n}\": {\n      \"value\": \"{v}\",\n      \"type\": \"string\",\n      \"sensitive\": true\n    }").inside("{\n  \"outputs\": {\n", "  }\n}\n").joined(",", ""),
    lines("DynamoDB item", NAMES, None, "\"{n}\": {\"S\": \"{v}\"}").inside("{\"Item\": {", "}}\n").joined(", ", "").ending(""),
    lines("JSON, typed values", NAMES, None, "  \"{n}\": {\"type\": \"secret\", \"value\": \"{v}\"}").inside("{\n", "}\n").joined(",", ""),
    lines("Jupyter notebook", &[Snake, Upper], None, "    \"{n} = '{v}'\\n\"").inside("{\"cells\": [{\"cell_type\": \"code\", \"source\": [\n", "   ]}]}\n").joined(",", ""),
    lines("XML, entries", NAMES, XML, "  <entry key=\"{n}\">{v}</entry>").inside("<properties>\n", "</properties>\n"),
    lines("XML, properties", &[Camel], XML, "    <property name=\"{n}\" value=\"{v}\"/>").inside("<bean class=\"app.Store\">\n", "</bean>\n"),
    lines("XML, on one line", NAMES, None, "<{n}>{v}</{n}>").inside("<config>", "</config>\n").ending(""),
    lines("HTML, inputs", &[Snake, Camel], XML, "  <input type=\"text\" name=\"{n}\" value=\"{v}\">").inside("<form>\n", "</form>\n"),
    lines("query string", &[Snake, Camel], None, "{n}={v}").inside("POST /settings HTTP/1.1\n\n", "\n").joined("&", "").ending(""),
    lines("CSV, name and value", &[Upper, Words, Snake], None, "{n},{v}").inside("name,value\n", ""),
    lines("mail, quoted", &[Words, Upper], None, "> {n}: {v}").inside("Hi,\n\nthese are the settings:\n\n", "\nBye\n"),
    lines("SQL, settings", &[Snake, Camel], Some(("-- ", "")), "UPDATE settings SET value = '{v}' WHERE name = '{n}';"),
    lines("SQL, variables", &[Snake], Some(("-- ", "")), "SET @{n} = '{v}';"),
    lines("gitlab variables, JSON", ENV, None, "{\"variable_type\":\"env_var\",\"key\":\"{n}\",\"value\":\"{v}\",\"masked\":true}").inside("[", "]\n").joined(",", "").ending(""),
];
