#!/bin/sh
# sub2api generate, size.format: images have the asked dimensions
# Seen 2 of 2 times: dimensions 1280x3840 wanted, decoded 1254x1254. Emulator (2026-11-30T07:35:45+00:00).
# A run costs up to 1 image.
set -eu
: "${SUB2API_API_KEY:?is not set: nothing was sent}"
: "${SUB2API_BASE_URL:?is not set: nothing was sent}"
cd "$(dirname "$0")"
curl -sS -X POST "$SUB2API_BASE_URL/v1/images/generations" -H "Authorization: Bearer $SUB2API_API_KEY" -H 'Content-Type: application/json' -H 'Accept: application/json' --data-raw '{"model": "gpt-image-2", "prompt": "A watercolour painting of a small red lighthouse on a calm northern coast at noon", "n": 1, "quality": "low", "size": "1280x3840"}'
