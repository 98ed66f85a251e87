# syntax=docker/dockerfile:1
# The program alone, static, for a user without rights:
#   docker build -t keysweep .
#   docker run --rm -v "$PWD:/repo:ro" keysweep scan
FROM rust:1.95-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
RUN cargo build --release --locked && mkdir -p /empty/tmp && chmod 1777 /empty/tmp

FROM scratch
# STS is asked over TLS; who never verifies needs no certificates.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /empty/tmp /tmp
COPY --from=build /src/target/release/keysweep /keysweep
USER 65532:65532
WORKDIR /repo
ENTRYPOINT ["/keysweep"]
CMD ["--help"]
