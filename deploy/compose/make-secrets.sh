#!/usr/bin/env bash
# Makes the secrets that compose.yaml names, once: a password of its own for each server.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
mkdir -p secrets
umask 077
for name in store_password queue_password artifacts_secret; do
    [ -s "secrets/$name" ] || od -An -tx1 -N24 /dev/urandom | tr -d ' \n' > "secrets/$name"
    # Containers read them as a user of their own.
    chmod 644 "secrets/$name"
done
