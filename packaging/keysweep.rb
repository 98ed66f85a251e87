# Homebrew formula; .ci/formula fills in the version and the checksums of a release.
class Keysweep < Formula
  desc "Finds leaked AWS keys in files and whole git histories, says which are live"
  homepage "https://github.com/keysweep/keysweep"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "https://github.com/keysweep/keysweep/releases/download/v@VERSION@/keysweep-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256_aarch64-apple-darwin@"
    end
    on_intel do
      url "https://github.com/keysweep/keysweep/releases/download/v@VERSION@/keysweep-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256_x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "https://github.com/keysweep/keysweep/releases/download/v@VERSION@/keysweep-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256_aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "https://github.com/keysweep/keysweep/releases/download/v@VERSION@/keysweep-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256_x86_64-unknown-linux-musl@"
    end
  end

  def install
    bin.install "keysweep"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/keysweep.bash" => "keysweep"
    zsh_completion.install "completions/_keysweep"
    fish_completion.install "completions/keysweep.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/keysweep --version")
    assert_match "aws-access-key", shell_output("#{bin}/keysweep demo")
  end
end
