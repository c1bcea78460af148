package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/gateway"
)

// connectedClient is a client of the MCP endpoint.
type connectedClient struct {
	ID        string     `json:"id" doc:"Tells it apart from the others as long as it is connected"`
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
	end := operation(http.MethodDelete, "clients/{id}", "disconnect-client", "End a client's session with what it has under way", 404, 409)
	end.Description = "The client is told with its next request that it has no session any more. Most then begin a new one at once."
	huma.Register(api, end, a.disconnectClient)
	why := operation(http.MethodGet, "clients/{id}/sight", "explain-sight", "Why a client sees a server's tool or not", 404)
	huma.Register(api, why, a.explainSight)
}

func (a *v2) listClients(context.Context, *struct{}) (*connectedClients, error) {
	out := &connectedClients{}
	out.Body.Clients = []connectedClient{}
	for _, c := range a.Clients() {
		shown := connectedClient{
			ID: c.ID, Session: c.Session, Name: c.Name, Version: c.Version, Token: c.Token, Revision: c.Revision, Era: string(c.Era), Transport: c.Transport, Server: c.Server,
			Since: c.Since, LastSeen: c.LastSeen, Calls: c.Calls, Failed: c.Failed, InFlight: c.InFlight, Listening: c.Listening,
		}
		if !c.LastCall.IsZero() {
			shown.LastCall = &c.LastCall
		}
		out.Body.Clients = append(out.Body.Clients, shown)
	}
	return out, nil
}

type clientPath struct {
	ID string `path:"id" doc:"Of the client, as in the list of clients"`
}

func (a *v2) disconnectClient(_ context.Context, in *clientPath) (*struct{}, error) {
	return nil, clientFailure(a.Disconnect(in.ID))
}

type sightQuery struct {
	ID     string `path:"id" doc:"Of the client, as in the list of clients"`
	Server string `query:"server" required:"true" minLength:"1" doc:"Its name in the configuration"`
	Tool   string `query:"tool" required:"true" minLength:"1" doc:"The server's own name of it"`
}

type sightAnswer struct {
	Body struct {
		Seen    bool   `json:"seen" doc:"The client was given the tool when it last asked for its tools"`
		Reason  string `json:"reason" enum:"endpoint,token,server-off,server,not-listed,malformed,tool-off,token-tool,name,headers,not-asked,outdated,page,seen-down,renamed,seen" doc:"The first that the hub finds, in this order"`
		Name    string `json:"name,omitempty" doc:"What the tool is called for this client; absent if it cannot have it"`
		Summary string `json:"summary" doc:"The reason in words"`
		Action  string `json:"action,omitempty" doc:"What to do; absent if there is nothing to do"`
	}
}

func (a *v2) explainSight(_ context.Context, in *sightQuery) (*sightAnswer, error) {
	s, err := a.Sight(in.ID, in.Server, in.Tool)
	if errors.Is(err, gateway.ErrNoServer) {
		return nil, unknownServer(in.Server)
	}
	out := &sightAnswer{}
	b := &out.Body
	b.Seen, b.Reason, b.Name, b.Summary, b.Action = s.Seen, string(s.Reason), s.Name, s.Summary, s.Action
	return out, clientFailure(err)
}

func clientFailure(err error) error {
	switch {
	case errors.Is(err, gateway.ErrNoClient):
		return &failure{status: http.StatusNotFound, code: "CLIENT_NOT_FOUND", text: "The client is not connected any more: look at the list of clients"}
	case errors.Is(err, gateway.ErrNoSession):
		return &failure{status: http.StatusConflict, code: "NO_SESSION", text: err.Error()}
	}
	return err
}
