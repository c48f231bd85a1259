# syntax=docker/dockerfile:1
# The image of stash-batch: one entry point for webhook, reconciler and agent, with restic beside it.
# For both platforms: docker buildx build --platform linux/amd64,linux/arm64 -t stash-batch/stash-batch:0.1.0 .

FROM node:24-trixie-slim AS bundles
WORKDIR /source
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:24-trixie-slim
LABEL org.opencontainers.image.title="stash-batch" \
      org.opencontainers.image.description="Backup and restore for Kubernetes applications made of several parts" \
      org.opencontainers.image.licenses="Apache-2.0"
# Debian's restic: apt checks its signature. The version is held to the line that the tests of the agent's parser know.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates 'restic=0.18*' \
 && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack
COPY --from=bundles /source/dist /opt/stash-batch/dist
USER 65534:65534
ENTRYPOINT ["/usr/local/bin/node", "/opt/stash-batch/dist/stash-batch.mjs"]
