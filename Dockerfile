# One target per binary: docker build --target tracker .
#
# The binaries come from `make build`, so there is no builder stage: an image is
# one layer on the base, and `make docker` takes seconds. The data plane's are
# static; clicktally alone needs a C library, because it can load libchdb.
ARG BASE=gcr.io/distroless/static-debian12:nonroot
ARG LIBC_BASE=gcr.io/distroless/base-debian12:nonroot

FROM ${BASE} AS base
USER 65532:65532

FROM base AS tracker
COPY bin/tracker /tracker
ENTRYPOINT ["/tracker"]

FROM base AS aggregator
COPY bin/aggregator /aggregator
ENTRYPOINT ["/aggregator"]

FROM base AS query
COPY bin/query /query
ENTRYPOINT ["/query"]

FROM base AS operator
COPY bin/operator /operator
ENTRYPOINT ["/operator"]

FROM ${LIBC_BASE} AS clicktally
# libchdb, for an image that can run the embedded stores, when it is there: hack/images CHDB=1.
USER 65532:65532
COPY bin/clicktally bin/libchdb.s[o] /
ENTRYPOINT ["/clicktally"]
