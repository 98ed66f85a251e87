# The program alone, static, for a user without rights:
#   docker build -t keysweep .
#   docker run --rm -v "$PWD:/repo:ro" keysweep scan
#
# A release takes the program of its archive instead (--build-arg PROGRAM=released), so that what is in
# its image is attested, and no image of others has a part in it.
ARG PROGRAM=built

FROM rust:1.95-alpine AS built
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
# STS is asked over TLS; who never verifies needs no certificates.
RUN cargo build --profile dist --locked \
    && install -D target/dist/keysweep /made/keysweep \
    && install -D -m 644 /etc/ssl/certs/ca-certificates.crt /made/etc/ssl/certs/ca-certificates.crt \
    && mkdir /made/tmp && chmod 1777 /made/tmp

FROM scratch AS released
COPY made /made

FROM ${PROGRAM} AS made

FROM scratch
COPY --from=made /made /
USER 65532:65532
WORKDIR /repo
ENTRYPOINT ["/keysweep"]
CMD ["--help"]
