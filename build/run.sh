#!/usr/bin/env bash
# Starts the hub for a person: makes an empty config where there is none, says where the hub answers, and becomes the hub.
# Usage: build/run.sh BINARY PORT CONFIG
set -euo pipefail
bin=$1 port=$2 config=$3

if [[ ! -e $config ]]; then
  mkdir -p "$(dirname "$config")"
  (umask 077 && printf '{\n  "mcpServers": {}\n}\n' >"$config")
  echo "Wrote an empty config. Add servers to it while the hub runs, or start with an example:"
  echo "    make run CONFIG=docs/examples/everything.json"
  echo
fi

cat <<TEXT
Config      $config (watched)
MCP         http://localhost:$port/mcp             all servers, for any MCP client
One server  http://localhost:$port/mcp/{server}    names without prefix

Try it from a second terminal:

    curl -s http://localhost:$port/mcp \\
      -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\
      -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/list' \\
      -d '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}'

Stop with Ctrl-C.

TEXT
exec "$bin" --port "$port" --config "$config" --watch
