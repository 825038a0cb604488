#!/bin/sh
# apiframe edit, output_format.one_of: images have the asked format
# Seen 2 of 2 times: format webp wanted, decoded png. Emulator (2026-11-30T07:35:45+00:00).
# A run costs up to 2 images, 8 credits.
# Put an address at which the provider can fetch this report's files/ in the place of https://assets.invalid/ (a run does so with --assets-url).
# Put a new word in the place of this-run: a key that was used before makes no new job; sent twice, the line shows what a repetition makes.
set -eu
: "${APIFRAME_API_KEY:?is not set: nothing was sent}"
: "${APIFRAME_BASE_URL:?is not set: nothing was sent}"
cd "$(dirname "$0")"
curl -sS -X POST "$APIFRAME_BASE_URL/v2/images/generate" -H "X-API-Key: $APIFRAME_API_KEY" -H 'Content-Type: application/json' -H 'Accept: application/json' -H 'Idempotency-Key: this-run-edit/base/again' --data-raw '{"prompt": "A pencil drawing of an old stone bridge over a slow green river in autumn", "model": "gpt-image-2", "gptImage2Params": {"quality": "low", "input_images": "https://assets.invalid/png-rgb-512x512-1.png"}}'
