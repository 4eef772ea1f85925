#!/bin/bash
# Runs `strongroom gate check` with what action.yml put into GATE_*; tells GitHub what came of it.
set -euo pipefail
if [ -n "${GATE_URL:-}" ]; then export STRONGROOM_URL="$GATE_URL"; fi
if [ -n "${GATE_TOKEN:-}" ]; then export STRONGROOM_TOKEN="$GATE_TOKEN"; fi
if [ -n "${GATE_WORKSPACE:-}" ]; then export STRONGROOM_WORKSPACE="$GATE_WORKSPACE"; fi
arguments=(--wait "${GATE_WAIT:-0}" --junit "$GATE_JUNIT")
if [ -n "${GATE_ENVIRONMENT:-}" ]; then arguments+=(--env "$GATE_ENVIRONMENT"); fi
if [ -n "${GATE_STAGE:-}" ]; then arguments+=(--stage "$GATE_STAGE"); fi
if [ -n "${GATE_ALIAS:-}" ]; then arguments+=(--alias "$GATE_ALIAS"); fi
code=0
shown=$(strongroom gate check "${arguments[@]}" -- "$GATE_REFERENCE" 2>&1) || code=$?
printf '%s\n' "$shown"
if [ "$code" = 0 ]; then passed=true; else passed=false; fi
{
  printf 'passed=%s\n' "$passed"
  printf 'junit=%s\n' "${GATE_JUNIT//[$'\r\n']/}"
} >> "$GITHUB_OUTPUT"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  # indented: a block of code in which nothing that a rule says is markup
  { printf '### Strongroom gate check\n\n'; printf '%s\n' "$shown" | sed 's/^/    /'; } >> "$GITHUB_STEP_SUMMARY"
fi
exit "$code"
