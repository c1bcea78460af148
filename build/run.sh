#!/usr/bin/env bash
# Starts the hub for a person: says where it answers and what to try, and becomes the hub.
# Usage: build/run.sh BINARY PORT [CONFIG]; without CONFIG the hub takes its default file.
set -euo pipefail
bin=$1 port=$2 config=${3:-}

args=(--port "$port" --watch)
[[ $bin != *-desktop ]] || args+=(--desktop)
if [[ -n $config ]]; then
  args+=(--config "$config")
elif [[ $(uname) == Darwin ]]; then
  config="$HOME/Library/Application Support/mcphub/servers.json"
else
  config=${XDG_CONFIG_HOME:-$HOME/.config}/mcphub/servers.json
fi

if [[ ! -e $config ]]; then
  cat <<TEXT
There is no $config yet. Write one while the hub runs (README.md shows how), or try an example:

    make run CONFIG=docs/examples/everything.json

TEXT
fi

cat <<TEXT
Config      $config (watched)
Dashboard   http://localhost:$port/        "$bin open --hub http://localhost:$port" lets your browser in
MCP         http://localhost:$port/mcp             all servers, for any MCP client
One server  http://localhost:$port/mcp/{server}    names without prefix

Try it from a second terminal:

    curl -s http://localhost:$port/mcp \\
      -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\
      -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/list' \\
      -d '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}'

Stop with Ctrl-C.

TEXT
exec "$bin" "${args[@]}"
