#!/bin/sh
# buble edit, charges_the_list_price: charges the list price
# Seen 2 of 2 times: charged 2 credit, listed 1. Emulator (2026-11-30T07:35:45+00:00).
# A run costs up to 1 image, 1 credit.
set -eu
: "${BUBLE_API_KEY:?is not set: nothing was sent}"
: "${BUBLE_BASE_URL:?is not set: nothing was sent}"
cd "$(dirname "$0")"
FILE=$(curl -sS -X POST "$BUBLE_BASE_URL/api/v1/files" -H "Authorization: Bearer $BUBLE_API_KEY" -H 'Accept: application/json' --form-string file_type=image --form-string model=openai/gpt-image-2 --form-string mode=image_to_image -F 'file=@files/png-rgb-512x512-1.png;type=image/png' | python3 -c 'import json, sys; said = sys.stdin.read(); found = json.loads(said); print(found["data"]["url"]) if "data" in found else sys.exit(said)') &&
curl -sS -X POST "$BUBLE_BASE_URL/api/v1/generations" -H "Authorization: Bearer $BUBLE_API_KEY" -H 'Content-Type: application/json' -H 'Accept: application/json' --data-raw '{"model": "openai/gpt-image-2", "prompt": "A pencil drawing of an old stone bridge over a slow green river in autumn", "resolution": "1K", "mode": "image_to_image", "image_urls": ["'"$FILE"'"]}'
