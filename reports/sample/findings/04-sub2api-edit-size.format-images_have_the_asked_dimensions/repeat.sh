#!/bin/sh
# sub2api edit, size.format: images have the asked dimensions
# Seen 2 of 2 times: dimensions 3840x2160 wanted, decoded 1254x1254. Emulator (2026-11-30T07:35:45+00:00).
# A run costs up to 1 image.
set -eu
: "${SUB2API_API_KEY:?is not set: nothing was sent}"
: "${SUB2API_BASE_URL:?is not set: nothing was sent}"
cd "$(dirname "$0")"
curl -sS -X POST "$SUB2API_BASE_URL/v1/images/edits" -H "Authorization: Bearer $SUB2API_API_KEY" -H 'Accept: application/json' --form-string model=gpt-image-2 --form-string 'prompt=A watercolour painting of a small red lighthouse on a calm northern coast at noon' --form-string n=1 --form-string quality=low -F 'image[]=@files/png-rgb-512x512-1.png;type=image/png' --form-string size=3840x2160
