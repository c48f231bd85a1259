# syntax=docker/dockerfile:1
# The image of stash-batch: one entry point for webhook, reconciler and agent, with restic beside it.
# For both platforms, with a list of what is inside and of how it came about, on the base that the tag names at that moment:
#   npm run release -- --image registry.example.com/stash-batch:0.1.0 --push

# The release holds it to a digest.
ARG BASE=node:24-trixie-slim
FROM ${BASE} AS bundles
WORKDIR /source
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM ${BASE}
LABEL org.opencontainers.image.title="stash-batch" \
      org.opencontainers.image.description="Backup and restore for Kubernetes applications made of several parts" \
      org.opencontainers.image.licenses="Apache-2.0"
# Debian's packages: apt checks their sums against a signed list. restic is held to the line that the agent's parser is
# tested with. The clients are what dumps and loads databases. The list is that of scripts/image-root/contents.ts.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates 'restic=0.18*' mariadb-client postgresql-client \
 && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack
COPY --from=bundles /source/dist /opt/stash-batch/dist
COPY --from=bundles /source/scripts/image-root/stash-batch /usr/local/bin/stash-batch
COPY LICENSE /opt/stash-batch/LICENSE
USER 65534:65534
# Small young generations keep resident memory low; the budgets of bench/ are measured with this flag.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=2", "/opt/stash-batch/dist/stash-batch.mjs"]
