#!/bin/sh
# Morph a photo on a TensorFlow Serving server, with curl and jq:
#   sh morph.sh face.jpg Smiling 2 > smiling.png
set -eu
model=${MODEL:-http://localhost:8501/v1/models/celeba64}
photo=$(base64 < "$1" | tr -d '\n')

# One command at a time: in a pipe, sh reports only the status of the last command.
answer=$(printf '{"signature_name": "morph", "instances":
  [{"image_bytes": {"b64": "%s"}, "attribute": "%s", "strength": %s}]}' "$photo" "$2" "$3" |
  curl --silent --show-error --max-time 30 --data-binary @- "$model:predict")
picture=$(printf '%s' "$answer" |
  jq --exit-status --raw-output '.predictions[0].b64 // error(.error)')
printf '%s' "$picture" | base64 --decode
