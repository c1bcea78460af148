package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// connectedClient is a client of the MCP endpoint.
type connectedClient struct {
	Session   string     `json:"session,omitempty" doc:"Tells sessions apart, as in GET /api/v2/history/calls; absent of a modern client, which has none"`
	Name      string     `json:"name" doc:"As it gave it; empty if it gave none"`
	Version   string     `json:"version" doc:"Likewise"`
	Token     string     `json:"tokenName,omitempty" doc:"The name of the client's own token that let it in; absent if it needed none of its own"`
	Revision  string     `json:"revision" doc:"Of the protocol, as spoken with it"`
	Era       string     `json:"era" enum:"legacy,modern"`
	Transport string     `json:"transport" enum:"http,sse" doc:"Streamable HTTP, or HTTP+SSE of revision 2024-11-05"`
	Server    string     `json:"server,omitempty" doc:"The server whose own endpoint it uses; absent if it uses that of all"`
	Since     time.Time  `json:"since" doc:"When it came"`
	LastSeen  time.Time  `json:"lastSeen" doc:"When it last asked for anything or was answered"`
	LastCall  *time.Time `json:"lastCall,omitempty" doc:"When it last called a tool, or asked for a resource, prompt or completion"`
	Calls     int        `json:"calls" doc:"How many of those there were"`
	Failed    int        `json:"failed" doc:"How many of them went wrong"`
	InFlight  int        `json:"inFlight" doc:"How many of its requests have no answer yet"`
	Listening bool       `json:"listening" doc:"Whether it holds a stream on which it is told of changes"`
}

type connectedClients struct {
	Body struct {
		Clients []connectedClient `json:"clients" nullable:"false" doc:"Those that were seen last come first"`
	}
}

func (a *v2) clientRoutes(api huma.API) {
	op := operation(http.MethodGet, "clients", "list-clients", "The clients that are connected to the MCP endpoint")
	op.Description = "A legacy client is connected from its handshake until its session ends, after an hour without a word from it at the latest. A modern client has no connection: " +
		"it is listed while a request of it is under way, and for five minutes after the last one; those of one name, version and token on one endpoint are one."
	huma.Register(api, op, a.listClients)
}

func (a *v2) listClients(context.Context, *struct{}) (*connectedClients, error) {
	out := &connectedClients{}
	out.Body.Clients = []connectedClient{}
	for _, c := range a.Clients() {
		shown := connectedClient{
			Session: c.Session, Name: c.Name, Version: c.Version, Token: c.Token, Revision: c.Revision, Era: string(c.Era), Transport: c.Transport, Server: c.Server,
			Since: c.Since, LastSeen: c.LastSeen, Calls: c.Calls, Failed: c.Failed, InFlight: c.InFlight, Listening: c.Listening,
		}
		if !c.LastCall.IsZero() {
			shown.LastCall = &c.LastCall
		}
		out.Body.Clients = append(out.Body.Clients, shown)
	}
	return out, nil
}
