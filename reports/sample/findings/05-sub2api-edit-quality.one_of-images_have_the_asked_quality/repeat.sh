#!/bin/sh
# sub2api edit, quality.one_of: images have the asked quality
# Seen 2 of 2 times: asked for high: drawn as low: 229 tokens at 1254x1254 is low's count; high takes 8,232. Emulator (2026-11-30T07:35:45+00:00). Not made smaller: the image limit was reached.
# A run costs up to 1 image.
set -eu
: "${SUB2API_API_KEY:?is not set: nothing was sent}"
: "${SUB2API_BASE_URL:?is not set: nothing was sent}"
cd "$(dirname "$0")"
curl -sS -X POST "$SUB2API_BASE_URL/v1/images/edits" -H "Authorization: Bearer $SUB2API_API_KEY" -H 'Accept: application/json' --form-string model=gpt-image-2 --form-string 'prompt=A watercolour painting of a small red lighthouse on a calm northern coast at noon' --form-string n=1 --form-string quality=high -F 'image[]=@files/png-rgb-512x512-1.png;type=image/png' --form-string size=3840x1280
