"""Source code: constructors, positional arguments, concatenation."""
from kit import T

# ---- Python
T("boto3_client.py", "Python boto3 keyword arguments", """
    import boto3

    s3 = boto3.client(
        "s3",
        aws_access_key_id="«id»",
        aws_secret_access_key="«sec»",
        region_name="us-east-1",
    )
    """)
T("boto2.py", "Python boto S3Connection, positional", """
    from boto.s3.connection import S3Connection
    conn = S3Connection('«id»', '«sec»')
    bucket = conn.get_bucket('data')
    """)
T("session_positional.py", "Python Session positional with token", """
    session = boto3.Session("«id»", "«sec»", "«tok»")
    """)
T("settings.py", "Django settings far apart", """
    AWS_ACCESS_KEY_ID = '«id»'
    AWS_STORAGE_BUCKET_NAME = 'django-media'
    AWS_S3_CUSTOM_DOMAIN = '%s.s3.amazonaws.com' % AWS_STORAGE_BUCKET_NAME
    AWS_S3_OBJECT_PARAMETERS = {
        'CacheControl': 'max-age=86400',
    }
    SECRET_KEY = 'django-insecure-«an_50»'
    AWS_SECRET_ACCESS_KEY = '«sec»'
    """)
T("tuple.py", "Python tuple assignment", 'KEY, SECRET = "«id»", "«sec»"\n')
T("environ.py", "Python os.environ assignment", """
    os.environ["AWS_ACCESS_KEY_ID"] = "«id»"
    os.environ["AWS_SECRET_ACCESS_KEY"] = "«sec»"
    """)
T("fallback.py", "Python os.getenv default", """
    access = os.getenv("AWS_ACCESS_KEY_ID", "«id»")
    secret = os.getenv("AWS_SECRET_ACCESS_KEY", "«sec»")
    """)
T("concat.py", "Python implicit and explicit concatenation", """
    ACCESS_KEY = "«id[0:10]»" + "«id[10:]»"
    SECRET_KEY = ("«sec[0:20]»"
                  "«sec[20:]»")
    """)
T("concat_plus.py", "Python secret in three parts with +", """
    key = '«id»'
    secret = '«sec[0:13]»' + '«sec[13:27]»' + '«sec[27:]»'
    """)
T("backslash.py", "Python string continued with a backslash", "access_key = '«id»'\nsecret_key = '«sec[0:22]»\\\n«sec[22:]»'\n")
T("bytes.py", "Python bytes literals, secret first", "SECRET = b'«sec»'\nACCESS = b'«id»'\n")
T("argparse.py", "Python argparse defaults", """
    p.add_argument("--access-key", default="«id»", help="AWS access key")
    p.add_argument("--secret-key", default="«sec»", help="AWS secret key")
    """)
T("type_hints.py", "Python annotated class attributes", """
    class Settings(BaseSettings):
        commit: str = "«hex_40»"
        access_key_id: str = "«id»"
        secret_access_key: SecretStr = SecretStr("«sec»")
    """)
T("dict_positional.py", "Python dict id -> secret", 'KEYS = {"«id»": "«sec»"}\n')
T("spark_conf.py", "PySpark hadoop configuration", """
    hc = sc._jsc.hadoopConfiguration()
    hc.set("fs.s3a.access.key", "«id»")
    hc.set("fs.s3a.secret.key", "«sec»")
    """)
T("s3_url.py", "pandas S3 URL with user info, percent-encoded", """
    df = pd.read_csv("s3://«id»:«sec|pct»@my-bucket/data/2024.csv")
    """)
T("storage_options.py", "pandas storage_options", """
    df.to_parquet("s3://b/x.parquet", storage_options={"key": "«id»", "secret": "«sec»", "token": "«tok»"})
    """)
T("celery.py", "Celery SQS broker URL", "BROKER_URL = 'sqs://«id»:«sec|pct»@'\n")
# ---- JVM
T("BasicCreds.java", "Java BasicAWSCredentials", """
    public class BasicCreds {
        private static final AmazonS3 s3 = new AmazonS3Client(new BasicAWSCredentials("«id»", "«sec»"));
    }
    """)
T("Constants.java", "Java constants with javadoc between", """
    public final class Constants {
        /** The access key. */
        public static final String ACCESS_KEY = "«id»";

        /**
         * The secret key.
         *
         * @since 1.2
         */
        public static final String SECRET_KEY = "«sec»";
    }
    """)
T("Split.java", "Java constructor over several lines with comments", """
    AwsSessionCredentials credentials = AwsSessionCredentials.create(
            "«id»", // access key id
            "«sec»", // secret
            "«tok»");
    """)
T("Concat.java", "Java concatenation across lines", """
    String accessKey = "«id»";
    String secretKey = "«sec[0:16]»" +
            "«sec[16:32]»"
            + "«sec[32:]»";
    """)
T("Setters.java", "Java setters with the secret first", """
    cfg.setSecretKey("«sec»");
    cfg.setRegion(Regions.EU_WEST_1);
    cfg.setAccessKey("«id»");
    """)
T("SystemProps.java", "Java system properties", """
    System.setProperty("aws.accessKeyId", "«id»");
    System.setProperty("aws.secretKey", "«sec»");
    """)
T("Unicode.java", "Java string with unicode escapes", """
    AWSCredentials c = new BasicAWSCredentials("«id»", "«sec|ju»");
    """)
T("Creds.kt", "Kotlin companion object", """
    companion object {
        private const val KEY = "«id»"
        private const val SECRET = "«sec»"
    }
    """)
T("Provider.kt", "Kotlin StaticCredentialsProvider named arguments", """
    val provider = StaticCredentialsProvider {
        accessKeyId = "«id»"
        secretAccessKey = "«sec»"
    }
    """)
T("Job.scala", "Scala positional", 'val creds = StaticCredentialsProvider.create(AwsBasicCredentials.create("«id»", "«sec»"))\n')
T("Hadoop.scala", "Scala hadoop configuration with other settings between", """
    sc.hadoopConfiguration.set("fs.s3n.awsAccessKeyId", "«id»")
    sc.hadoopConfiguration.set("mapreduce.fileoutputcommitter.algorithm.version", "2")
    sc.hadoopConfiguration.set("fs.s3n.impl", "org.apache.hadoop.fs.s3native.NativeS3FileSystem")
    sc.hadoopConfiguration.set("fs.s3n.awsSecretAccessKey", "«sec»")
    """)
T("application.conf", "HOCON", """
    akka.persistence.s3 {
      aws-access-key-id = "«id»"
      aws-secret-access-key = "«sec»"
    }
    """)
T("build.gradle", "Gradle maven s3 credentials", """
    maven {
        url "s3://maven-repo/releases"
        credentials(AwsCredentials) {
            accessKey "«id»"
            secretKey "«sec»"
        }
    }
    """)
T("build.gradle.kts", "Gradle Kotlin DSL", """
    credentials(AwsCredentials::class) {
        accessKey = "«id»"
        secretKey = "«sec»"
    }
    """)
T("core.clj", "Clojure map", '(def cred {:access-key "«id»" :secret-key "«sec»" :endpoint "eu-west-1"})\n')
T("positional.clj", "Clojure positional", '(BasicAWSCredentials. "«id»" "«sec»")\n')
T("deploy.groovy", "Groovy map", "def aws = [accessKey: '«id»', secretKey: '«sec»']\n")
# ---- Go, Rust, C
T("static.go", "Go NewStaticCredentials", """
    sess := session.Must(session.NewSession(&aws.Config{
    	Region:      aws.String("us-west-2"),
    	Credentials: credentials.NewStaticCredentials("«id»", "«sec»", ""),
    }))
    """)
T("static_token.go", "Go NewStaticCredentialsProvider with token", """
    cfg.Credentials = credentials.NewStaticCredentialsProvider(
    	"«id»",
    	"«sec»",
    	"«tok»",
    )
    """)
T("consts.go", "Go const block, secret first", """
    const (
    	secretKey = `«sec»`
    	gitCommit = "«hex_40»"
    	accessKey = `«id»`
    )
    """)
T("goamz.go", "Go struct literal without field names", 'auth := aws.Auth{"«id»", "«sec»"}\n')
T("minio.go", "Go minio.New positional", 'c, err := minio.New("s3.amazonaws.com", "«id»", "«sec»", true)\n')
T("concat.go", "Go concatenation", """
    accessKey := "«id»"
    secretKey := "«sec[0:20]»" +
    	"«sec[20:]»"
    """)
T("main.rs", "Rust Credentials::new", """
    let creds = Credentials::new("«id»", "«sec»", None, None, "static");
    """)
T("consts.rs", "Rust constants", """
    const ACCESS_KEY: &str = "«id»";
    const SECRET_KEY: &str = "«sec»";
    """)
T("concat.rs", "Rust concat! macro", """
    pub const KEY_ID: &str = "«id»";
    pub const SECRET: &str = concat!("«sec[0:20]»", "«sec[20:]»");
    """)
T("continued.rs", "Rust string continued by a backslash", 'let key = "«id»";\nlet secret = "«sec[0:25]»\\\n              «sec[25:]»";\n')
T("s3.cpp", "C++ AWSCredentials", 'Aws::Auth::AWSCredentials credentials("«id»", "«sec»");\n')
T("config.h", "C defines", """
    #define AWS_ACCESS_KEY "«id»"
    #define AWS_SECRET_KEY "«sec»"
    #define FW_SHA1 "«hex_40»"
    """)
T("adjacent.c", "C adjacent string literals", """
    static const char *access_key = "«id»";
    static const char *secret_key = "«sec[0:20]»"
                                    "«sec[20:]»";
    """)
T("arduino.ino", "Arduino sketch", 'const char* awsKeyID  = "«id»";\nconst char* awsSecKey = "«sec»";\n')
T("hex_escape.c", "C string with \\x2f and \\x2b", 'char *id = "«id»";\nchar *secret = "«sec|jx»";\n')
# ---- .NET
T("Uploader.cs", "C# AmazonS3Client positional", """
    using var client = new AmazonS3Client("«id»", "«sec»", RegionEndpoint.USEast1);
    """)
T("SessionCreds.cs", "C# SessionAWSCredentials", 'var c = new SessionAWSCredentials("«id»",\n    "«sec»",\n    "«tok»");\n')
T("Fields.cs", "C# fields", """
    private const string AccessKey = "«id»";
    private const string SecretKey = @"«sec»";
    """)
T("Module.vb", "Visual Basic concatenation with & and _", """
    Const AccessKey As String = "«id»"
    Const SecretKey As String = "«sec[0:20]»" & _
        "«sec[20:]»"
    """)
T("Storage.fs", "F# tuple", 'let creds = BasicAWSCredentials("«id»", "«sec»")\n')
# ---- scripting
T("S3.php", "PHP new S3 positional", "<?php\n$s3 = new S3('«id»', '«sec»');\n")
T("client.php", "PHP credentials array", """
    <?php
    $client = new Aws\\S3\\S3Client([
        'version'     => 'latest',
        'region'      => 'us-west-2',
        'credentials' => [
            'key'    => '«id»',
            'secret' => '«sec»',
        ],
    ]);
    """)
T("filesystems.php", "Laravel env() defaults", """
    's3' => [
        'driver' => 's3',
        'key' => env('AWS_KEY', '«id»'),
        'secret' => env('AWS_SECRET', '«sec»'),
        'region' => env('AWS_REGION', 'eu-west-1'),
    ],
    """)
T("concat.php", "PHP dot concatenation", "<?php\n$accessKey = '«id»';\n$secretKey = '«sec[0:15]»' . '«sec[15:]»';\n")
T("aws.rb", "Ruby Aws::Credentials.new", "Aws.config.update(credentials: Aws::Credentials.new('«id»', '«sec»'))\n")
T("carrierwave.rb", "Ruby fog", """
    config.fog_credentials = {
      provider:              'AWS',
      aws_access_key_id:     '«id»',
      aws_secret_access_key: '«sec»',
      region:                'eu-west-1'
    }
    """)
T("rightaws.rb", "Ruby RightAws positional", 's3 = RightAws::S3Interface.new("«id»", "«sec»")\n')
T("concat.rb", "Ruby backslash concatenation", "ACCESS = '«id»'\nSECRET = '«sec[0:20]»' \\\n         '«sec[20:]»'\n")
T("upload.pl", "Perl hash", """
    my $s3 = Amazon::S3->new({
        aws_access_key_id     => '«id»',
        aws_secret_access_key => '«sec»',
        retry                 => 1,
    });
    """)
T("scalar.pl", "Perl scalars and qw", "my ($id, $key) = qw(«id» «sec»);\n")
T("aws-config.js", "JavaScript AWS.config.update", """
    AWS.config.update({
      accessKeyId: '«id»',
      secretAccessKey: '«sec»',
      region: 'us-east-1'
    });
    """)
T("creds_positional.js", "JavaScript AWS.Credentials positional", 'AWS.config.credentials = new AWS.Credentials("«id»", "«sec»", null);\n')
T("concat.js", "JavaScript concatenation of both", """
    const k = "AKIA" + "«akia[4:]»";
    const s = "«sec[0:18]»" + "«sec[18:]»";
    """)
T("joined.js", "JavaScript array join", """
    var accessKey = '«id»';
    var secretKey = ['«sec[0:20]»', '«sec[20:]»'].join('');
    """)
T("min.js", "minified bundle", '!function(e,t){"use strict";var n={v:"1.2.3",h:"«hex_40»"};n.s3=new e.S3({accessKeyId:"«id»",secretAccessKey:"«sec»",region:"eu-west-1"}),t.exports=n}(AWS,module);\n')
T("bundle_escaped.js", "webpack eval source (JSON-escaped string)", """
    eval("var config = {\\n  accessKeyId: \\"«id»\\",\\n  secretAccessKey: \\"«sec»\\"\\n};\\n//# sourceURL=webpack:///./src/config.js?");
    """)
T("uploader.ts", "TypeScript S3Client v3", """
    export const s3 = new S3Client({
      region: 'us-east-1',
      credentials: {
        accessKeyId: '«id»',
        secretAccessKey: '«sec»',
      } as AwsCredentialIdentity,
    });
    """)
T("environment.prod.ts", "Angular environment with other keys", """
    export const environment = {
      production: true,
      firebaseKey: 'AIza«an_35»',
      buildHash: '«hex_40»',
      awsKey: '«id»' as string,
      sentryDsn: 'https://«hex_32»@o1.ingest.sentry.io/12',
      awsSecret: '«sec»' as string,
    };
    """)
T("Upload.tsx", "React S3 config object with template literals", "const cfg = { bucketName: `b`, accessKeyId: `«id»`, secretAccessKey: `«sec»` }\n")
T("AppDelegate.swift", "Swift AWSStaticCredentialsProvider", """
    let credentialsProvider = AWSStaticCredentialsProvider(accessKey: "«id»", secretKey: "«sec»")
    """)
T("AppDelegate.m", "Objective-C strings", """
    static NSString *const kAccessKey = @"«id»";
    static NSString *const kSecretKey = @"«sec»";
    """)
T("s3_service.dart", "Dart", """
    final s3 = AwsS3(
      accessKey: '«id»',
      secretKey: '«sec»',
    );
    """)
T("adjacent.dart", "Dart adjacent strings", "const accessKey = '«id»';\nconst secretKey = '«sec[0:20]»'\n    '«sec[20:]»';\n")
T("analysis.R", "R Sys.setenv", """
    Sys.setenv("AWS_ACCESS_KEY_ID" = "«id»",
               "AWS_SECRET_ACCESS_KEY" = "«sec»",
               "AWS_DEFAULT_REGION" = "us-east-2")
    """)
T("paste0.R", "R paste0", 'key <- "«id»"\nsecret <- paste0("«sec[0:20]»", "«sec[20:]»")\n')
T("s3.lua", "Lua concatenation", 'local id = "«id»"\nlocal secret = "«sec[0:20]»" .. "«sec[20:]»"\n')
T("positional.lua", "Lua positional", 'local s3 = require("resty.s3"):new("«id»", "«sec»", "bucket")\n')
T("config.exs", "Elixir ex_aws", """
    config :ex_aws,
      json_codec: Jason,
      access_key_id: "«id»",
      secret_access_key: "«sec»"
    """)
T("concat.ex", "Elixir <> concatenation", '@access "«id»"\n@secret "«sec[0:20]»" <> "«sec[20:]»"\n')
T("erl.config", "Erlang tuples", '[{erlcloud, [{aws_access_key_id, "«id»"},\n             {aws_secret_access_key, "«sec»"}]}].\n')
T("Main.hs", "Haskell AccessKey/SecretKey", 'env <- newEnv (FromKeys (AccessKey "«id»") (SecretKey "«sec»"))\n')
T("default.nix", "Nix attribute set", """
    { pkgs, ... }: {
      src = fetchurl { sha256 = "«hex_64»"; };
      environment.variables = {
        AWS_ACCESS_KEY_ID = "«id»";
        AWS_SECRET_ACCESS_KEY = "«sec»";
      };
    }
    """)
T("s3.jl", "Julia positional", 'creds = AWSCredentials("«id»", "«sec»")\n')
T("matlab.m", "MATLAB setenv", "setenv('AWS_ACCESS_KEY_ID', '«id»');\nsetenv('AWS_SECRET_ACCESS_KEY', '«sec»');\n")
T("Upload.bas", "VBA Private Const, far apart", """
    Private Const sAccessKey As String = "«id»"
    Private Const sBucket As String = "reports"
    Private Const sGuid As String = "{«uuid»}"
    Private Const sSecret As String = "«sec»"
    """)
# ---- shells
T("deploy.sh", "bash exports", """
    #!/usr/bin/env bash
    set -euo pipefail
    export AWS_ACCESS_KEY_ID=«id»
    export AWS_SECRET_ACCESS_KEY=«sec»
    aws s3 sync build/ s3://www.example.com
    """)
T("oneliner.sh", "bash prefix assignment on one line", "AWS_ACCESS_KEY_ID=«id» AWS_SECRET_ACCESS_KEY=«sec» aws s3 ls\n")
T("positional.sh", "shell positional arguments", "./mount-bucket.sh media-prod «id» «sec» /mnt/media\n")
T("continuation.sh", "shell line continuation between arguments", """
    docker run --rm \\
      -e AWS_ACCESS_KEY_ID=«id» \\
      -e "AWS_SECRET_ACCESS_KEY=«sec»" \\
      -v "$PWD:/work" image:«hex_12»
    """)
T("continued_value.sh", "shell value continued on the next line", "export AWS_ACCESS_KEY_ID=«id»\nexport AWS_SECRET_ACCESS_KEY=«sec[0:24]»\\\n«sec[24:]»\n")
T("quoted_parts.sh", "shell adjacent quoted parts", "KEY=«id»\nSECRET=\"«sec[0:20]»\"'«sec[20:]»'\n")
T("curl_user.sh", "curl --user with --aws-sigv4", """
    curl --aws-sigv4 "aws:amz:us-east-1:s3" --user "«id»:«sec»" https://b.s3.amazonaws.com/x
    """)
T("curl_u.sh", "curl -u unquoted", "curl -s -u «id»:«sec» --aws-sigv4 aws:amz:eu-west-1:execute-api https://api.example.com/v1/items\n")
T("heredoc.sh", "heredoc that writes ~/.aws/credentials", """
    mkdir -p ~/.aws
    cat > ~/.aws/credentials <<'EOT'
    [default]
    aws_access_key_id=«id»
    aws_secret_access_key=«sec»
    EOT
    """)
T("echo_credentials.sh", "echo -e with \\n in one string", """
    echo -e "[default]\\naws_access_key_id=«id»\\naws_secret_access_key=«sec»\\nregion=us-east-1" > ~/.aws/credentials
    """)
T("configure_set.sh", "aws configure set", """
    aws configure set aws_access_key_id «id»
    aws configure set aws_secret_access_key «sec»
    aws configure set region us-east-1
    """)
T("printf_configure.sh", "printf piped into aws configure", "printf '«id»\\n«sec»\\nus-east-1\\njson\\n' | aws configure --profile ci\n")
T("sed_replace.sh", "sed replacement with escaped slashes", """
    sed -i 's/@@KEY@@/«id»/' app.conf
    sed -i 's/@@SECRET@@/«sec|js»/' app.conf
    """)
T("s3fs_mount.sh", "echo ID:SECRET > passwd-s3fs", "echo «id»:«sec» > /etc/passwd-s3fs && chmod 600 /etc/passwd-s3fs\n")
T("s3cmd_args.sh", "s3cmd long options", "s3cmd --access_key=«id» --secret_key=«sec» put dump.sql.gz s3://backups/\n")
T("java_props.sh", "java -D options", "java -Daws.accessKeyId=«id» -Daws.secretKey=«sec» -jar app.jar\n")
T("spark_submit.sh", "spark-submit --conf", """
    spark-submit --master yarn \\
      --conf spark.hadoop.fs.s3a.access.key=«id» \\
      --conf spark.hadoop.fs.s3a.secret.key=«sec» \\
      --class com.example.Etl etl-«hex_8».jar
    """)
T("distcp.sh", "hadoop distcp with user info, slash unencoded", "hadoop distcp hdfs:///data s3n://«id»:«sec»@bucket/data\n")
T("helm_set.sh", "helm --set", "helm upgrade velero vmware/velero --set accessKey=«id»,secretKey=«sec» --wait\n")
T("kubectl_literal.sh", "kubectl create secret --from-literal", """
    kubectl create secret generic s3-creds \\
      --from-literal=access-key='«id»' \\
      --from-literal=secret-key='«sec»'
    """)
T("heroku_config.sh", "heroku config:set", "heroku config:set AWS_ACCESS_KEY_ID=«id» AWS_SECRET_ACCESS_KEY=«sec» -a photos\n")
T("config.fish", "fish set -x", "set -gx AWS_ACCESS_KEY_ID «id»\nset -gx AWS_SECRET_ACCESS_KEY «sec»\n")
T("login.csh", "csh setenv", "setenv AWS_ACCESS_KEY_ID «id»\nsetenv AWS_SECRET_ACCESS_KEY «sec»\n")
T("setup.bat", "batch set and setx", """
    @echo off\r
    set AWS_ACCESS_KEY_ID=«id»\r
    setx AWS_SECRET_ACCESS_KEY "«sec»" /M\r
    """)
T("caret.cmd", "batch line continuation with ^", """
    aws-upload.exe --key «id» ^\r
      --secret «sec» ^\r
      --bucket builds\r
    """)
T("profile.ps1", "PowerShell $env:", """
    $env:AWS_ACCESS_KEY_ID="«id»"
    $env:AWS_SECRET_ACCESS_KEY="«sec»"
    """)
T("Set-Creds.ps1", "PowerShell Set-AWSCredential with backtick", """
    Set-AWSCredential -AccessKey «id» `
                      -SecretKey «sec» `
                      -StoreAs prod
    """)
T("positional.ps1", "PowerShell positional object arguments", "$c = New-Object Amazon.Runtime.BasicAWSCredentials('«id»', '«sec»')\n")
T("Makefile", "Makefile := variables", "AWS_KEY := «id»\nAWS_SECRET := «sec»\n\ndeploy:\n\taws s3 sync . s3://b\n")
T(".bash_history", "shell history", """
    git checkout «hex_40»
    export AWS_ACCESS_KEY_ID=«id»
    ls
    export AWS_SECRET_ACCESS_KEY=«sec»
    aws s3 ls
    """)
T(".zsh_history", "zsh extended history", """
    : 1700000001:0;cd infra
    : 1700000009:0;export AWS_ACCESS_KEY_ID=«id»
    : 1700000020:0;export AWS_SECRET_ACCESS_KEY=«sec»
    : 1700000029:0;terraform apply
    """)
T("fish_history", "fish history", """
    - cmd: set -x AWS_ACCESS_KEY_ID «id»
      when: 1700000001
    - cmd: set -x AWS_SECRET_ACCESS_KEY «sec»
      when: 1700000012
    """)
T("ConsoleHost_history.txt", "PowerShell history", "$env:AWS_ACCESS_KEY_ID = '«id»'\r\n$env:AWS_SECRET_ACCESS_KEY = '«sec»'\r\naws sts get-caller-identity\r\n")
