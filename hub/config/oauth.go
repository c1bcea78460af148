package config

import (
	"net/url"
	"strconv"
	"strings"

	"mcphub/hub/json5"
	"mcphub/hub/secret"
)

// Grant is how the hub gets its access to a remote server.
type Grant string

// The grants: a person signs in, or the hub shows credentials of its own.
const (
	GrantPerson  Grant = "authorization_code"
	GrantMachine Grant = "client_credentials"
)

// OAuth is how to sign in to a remote server, a server's object "oauth". All of it may be empty: then the hub finds out by
// itself, and a person signs in.
type OAuth struct {
	ClientID     string      // of a client that was registered by hand
	ClientSecret secret.Text // of that client, if it has one
	PrivateKey   secret.Text // of that client, if it shows itself with signed assertions: PEM
	MetadataURL  string      // of the Client ID Metadata Document that describes this client
	Scopes       []string    // to ask for instead of what the server suggests
	Issuer       string      // the only authorization server to which the client belongs; empty: the first one that is used
	Grant        Grant
	RedirectPort int    // loopback port on which the browser comes back; 0 for the hub's own
	RedirectPath string // path and query there; empty for that of the hub
}

// oauthSpec is OAuth with placeholders unresolved.
type oauthSpec struct {
	plain                                                OAuth // what has no placeholders
	clientID, clientSecret, privateKey, metadata, issuer field
}

// oauthKeys are the keys of a server's object "oauth".
type oauthKeys struct {
	ClientID     *json5.Node `key:"clientId"`
	ClientSecret *json5.Node `key:"clientSecret"`
	PrivateKey   *json5.Node `key:"privateKey"`
	MetadataURL  *json5.Node `key:"clientMetadataUrl"`
	Scopes       *json5.Node `key:"scopes"`
	Issuer       *json5.Node `key:"issuer"`
	Grant        *json5.Node `key:"grant"`
	RedirectPort *json5.Node `key:"redirectPort"`
	RedirectPath *json5.Node `key:"redirectPath"`
}

func (c *checker) oauth(oauth *json5.Node) {
	o := &c.server.spec.oauth
	o.plain.Grant = GrantPerson
	if oauth == nil {
		return
	}
	if oauth.Kind != json5.Object {
		c.warn(oauth, "oauth is no object and is ignored", `write {"clientId": "…"}`)
		return
	}
	for _, header := range c.server.spec.headers {
		if strings.EqualFold(header.name, "Authorization") {
			c.warn(oauth, "oauth is not used, since the server's headers have an Authorization", "remove one of them")
		}
	}
	var keys oauthKeys
	fill(oauth, &keys)
	for _, text := range []struct {
		at    *json5.Node
		name  string
		field *field
	}{
		{keys.ClientID, "clientId", &o.clientID},
		{keys.ClientSecret, "clientSecret", &o.clientSecret},
		{keys.PrivateKey, "privateKey", &o.privateKey},
		{keys.MetadataURL, "clientMetadataUrl", &o.metadata},
		{keys.Issuer, "issuer", &o.issuer},
	} {
		if text.at.Is(json5.String) && text.at.Text != "" {
			*text.field = newField(text.name, text.at)
		} else if text.at != nil {
			c.error(text.at, "oauth."+text.name+" must be a text that is not empty", "write it in quotes, or remove it")
		}
	}
	if m := keys.MetadataURL; m.Is(json5.String) && !strings.Contains(m.Text, opening) && !validMetadataURL(m.Text) {
		c.error(m, "oauth.clientMetadataUrl is no address of a document", metadataAction)
	}
	if i := keys.Issuer; i.Is(json5.String) && !strings.Contains(i.Text, opening) && !validURL(i.Text) {
		c.error(i, "oauth.issuer is no address of an authorization server", urlAction)
	}
	c.oauthClient(oauth, &keys)
	c.oauthRedirect(&keys)
}

// oauthClient reads who the hub is to the authorization server, and what it asks for.
func (c *checker) oauthClient(oauth *json5.Node, keys *oauthKeys) {
	o := &c.server.spec.oauth
	switch g := keys.Grant; {
	case g == nil:
	case g.Is(json5.String) && (g.Text == string(GrantPerson) || g.Text == string(GrantMachine)):
		o.plain.Grant = Grant(g.Text)
	default:
		c.error(g, `oauth.grant is not "authorization_code" or "client_credentials"`, "choose one of them or remove it")
	}
	switch proofs := keys.ClientSecret != nil || keys.PrivateKey != nil; {
	case keys.ClientSecret != nil && keys.PrivateKey != nil:
		c.error(keys.PrivateKey, "both oauth.clientSecret and oauth.privateKey are set", "keep the one that the authorization server knows")
	case keys.ClientID == nil && proofs:
		c.error(oauth, "oauth has a secret, but no clientId", "add the client's id")
	case o.plain.Grant == GrantMachine && (keys.ClientID == nil || !proofs):
		c.error(keys.Grant, `the grant "client_credentials" needs oauth.clientId, and oauth.clientSecret or oauth.privateKey`, "add what the authorization server gave you")
	}
	if keys.Scopes == nil {
		return
	}
	valid := keys.Scopes.Is(json5.Array)
	for _, item := range keys.Scopes.Items {
		valid = valid && item.Kind == json5.String && item.Text != "" && !strings.ContainsAny(item.Text, " \"\\")
		o.plain.Scopes = append(o.plain.Scopes, item.Text)
	}
	if !valid {
		c.error(keys.Scopes, "oauth.scopes must be an array of texts without spaces", `write ["read", "write"]`)
	}
}

// oauthRedirect reads where the browser comes back to.
func (c *checker) oauthRedirect(keys *oauthKeys) {
	o := &c.server.spec.oauth.plain
	if p := keys.RedirectPort; p != nil {
		port, err := strconv.Atoi(p.Text)
		if !p.Is(json5.Number) || err != nil || port < 1 || port > 65535 {
			c.error(p, "oauth.redirectPort must be a number from 1 to 65535", "write the port that is in the registered redirect URL")
		}
		o.RedirectPort = port
	}
	if p := keys.RedirectPath; p != nil {
		valid := p.Is(json5.String) && strings.HasPrefix(p.Text, "/") && !strings.HasPrefix(p.Text, "//") && !strings.Contains(p.Text, "#")
		switch _, err := url.Parse(p.Text); {
		case !valid || err != nil:
			c.error(p, "oauth.redirectPath must be a path", `write what follows the port in the registered redirect URL, such as "/callback"`)
		case keys.RedirectPort == nil:
			c.error(p, "oauth.redirectPath needs oauth.redirectPort", "add the port of the registered redirect URL")
		}
		o.RedirectPath = p.Text
	}
}

const metadataAction = "it must begin with https:// and have a path"

func validMetadataURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && strings.Trim(u.Path, "/") != ""
}

// oauth replaces the placeholders in the object "oauth".
func (r *resolution) oauth() (OAuth, error) {
	s := &r.spec.oauth
	o := s.plain
	var clientSecret, privateKey string
	for _, single := range []struct {
		field  field
		target *string
	}{{s.clientID, &o.ClientID}, {s.clientSecret, &clientSecret}, {s.privateKey, &privateKey}, {s.metadata, &o.MetadataURL}, {s.issuer, &o.Issuer}} {
		text, err := r.expand(single.field)
		if err := r.failed(err); err != nil {
			return o, err
		}
		*single.target = text
	}
	o.ClientSecret, o.PrivateKey = secret.New(clientSecret), secret.New(privateKey)
	if len(r.wanted) > 0 {
		return o, nil // it is only half resolved
	}
	switch {
	case o.MetadataURL != "" && !validMetadataURL(o.MetadataURL):
		return o, r.problem(s.metadata, "oauth.clientMetadataUrl is no address of a document once its placeholders are replaced", metadataAction)
	case o.Issuer != "" && !validURL(o.Issuer):
		return o, r.problem(s.issuer, "oauth.issuer is no address of an authorization server once its placeholders are replaced", urlAction)
	}
	return o, nil
}
