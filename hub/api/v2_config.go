package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"mcphub/hub/access"
	"mcphub/hub/config"
)

func (a *v2) configRoutes(api huma.API) {
	huma.Register(api, operation(http.MethodGet, "config/files", "list-config-files", "The configuration files and what is wrong in them"), a.listFiles)
	huma.Register(api, ask(access.Change, operation(http.MethodGet, "config/files/{index}", "get-config-file", "The text of one file, secrets included", 404)), a.getFile)
	put := operation(http.MethodPut, "config/files/{index}", "put-config-file", "Replace the text of one file and apply it", 404, 412, 422, 428)
	put.Description = "If-Match must hold the tag of the text that was edited: nothing is written if the file has changed since."
	huma.Register(api, put, a.putFile)
	set := operation(http.MethodPatch, "config/files/{index}/settings", "change-setting", "Change one of the hub's settings in one file and apply it", 404, 412, 422, 428)
	set.Description = "Comments and layout of the file stay. If-Match must hold the tag of the file: nothing is written if it has changed since."
	huma.Register(api, set, a.changeSetting)
	a.versionRoutes(api)
	huma.Register(api, ask(access.Read, operation(http.MethodPost, "config/validate", "validate-config", "What is wrong in the text of a configuration file")), a.validate)
	huma.Register(api, operation(http.MethodGet, "config/schema", "get-config-schema", "The JSON Schema of a configuration file"),
		func(context.Context, *struct{}) (*schemaAnswer, error) { return &schemaAnswer{config.Schema}, nil })
	huma.Register(api, operation(http.MethodGet, "config/effective", "get-effective-config",
		"What all files together say, and which of them says it. What may be secret is masked"), a.effective)
}

type schemaAnswer struct{ Body raw }

// configFile is one of the hub's configuration files.
type configFile struct {
	Index   int    `json:"index" doc:"From 0, in merge order: the later file wins"`
	Path    string `json:"path" doc:"Exactly as given to the hub"`
	Missing bool   `json:"missing" doc:"There is no such file yet; it counts as empty"`
	ETag    string `json:"etag" doc:"The tag of the text that is in force, as If-Match takes it, quotes included"`
}

type fileList struct {
	Body struct {
		Files       []configFile        `json:"files" nullable:"false"`
		Diagnostics []config.Diagnostic `json:"diagnostics" nullable:"false" doc:"Everything that is wrong in them"`
	}
}

func (a *v2) listFiles(context.Context, *struct{}) (*fileList, error) {
	s, out := a.Config.Current(), &fileList{}
	out.Body.Diagnostics = append([]config.Diagnostic{}, s.Diagnostics...)
	for i, f := range s.Files {
		out.Body.Files = append(out.Body.Files, configFile{i, f.Path, f.Missing, `"` + s.Tag(f) + `"`})
	}
	return out, nil
}

// filePath names the file that a route is about.
type filePath struct {
	Index int `path:"index" minimum:"0" doc:"Of the file, as in the list of files"`
}

// file returns the path of the file that a request names.
func (a *v2) file(index int) (string, error) {
	if files := a.Config.Current().Files; index < len(files) {
		return files[index].Path, nil
	}
	return "", &failure{status: http.StatusNotFound, code: "FILE_NOT_FOUND", text: "The hub has no configuration file of that index", data: object{"index": index}}
}

type fileAnswer struct {
	ETag string `header:"ETag" doc:"Changes with the text"`
	Body struct {
		Path string `json:"path"`
		Text string `json:"text"`
		ETag string `json:"etag" doc:"The tag as If-Match takes it, quotes included"`
	}
}

func showFile(path string, text []byte, tag string) *fileAnswer {
	out := &fileAnswer{ETag: `"` + tag + `"`}
	out.Body.Path, out.Body.Text, out.Body.ETag = path, string(text), out.ETag
	return out
}

func (a *v2) getFile(_ context.Context, in *filePath) (*fileAnswer, error) {
	path, err := a.file(in.Index)
	if err != nil {
		return nil, err
	}
	text, tag, err := a.Config.Read(path)
	if err != nil {
		return nil, editFailure(err)
	}
	return showFile(path, text, tag), nil
}

type newText struct {
	Index   int    `path:"index" minimum:"0" doc:"Of the file, as in the list of files"`
	IfMatch string `header:"If-Match" doc:"Required: the tag of the text that was edited"`
	Body    struct {
		Text string `json:"text"`
	}
}

func (a *v2) putFile(ctx context.Context, in *newText) (*fileAnswer, error) {
	path, err := a.file(in.Index)
	if err != nil {
		return nil, err
	}
	if in.IfMatch == "" {
		return nil, errNoMatch
	}
	text := []byte(in.Body.Text)
	tag, err := a.Config.Write(ctx, path, text, strings.Trim(in.IfMatch, `"`))
	if err != nil {
		return nil, textFailure(path, err)
	}
	return showFile(path, text, tag), nil
}

var errNoMatch = &failure{
	status: http.StatusPreconditionRequired, code: "IF_MATCH_REQUIRED",
	text: "Send the ETag of the text that was edited as If-Match, so that nobody's change is lost",
}

type newSetting struct {
	Index   int    `path:"index" minimum:"0" doc:"Of the file, as in the list of files"`
	IfMatch string `header:"If-Match" doc:"Required: the tag of the file, as in the list of files"`
	Body    struct {
		Key   string `json:"key" doc:"Such as hub.history.days"`
		Value raw    `json:"value,omitempty" doc:"Absent: take it out of the file, so that its default holds"`
	}
}

type setSetting struct {
	Body struct {
		Path   string `json:"path" doc:"Of the file"`
		ETag   string `json:"etag" doc:"The tag that the file has now"`
		Before raw    `json:"before,omitempty" doc:"What the file said of it before; absent if it said nothing"`
	}
}

func (a *v2) changeSetting(ctx context.Context, in *newSetting) (*setSetting, error) {
	path, err := a.file(in.Index)
	if err != nil {
		return nil, err
	}
	if in.IfMatch == "" {
		return nil, errNoMatch
	}
	before, tag, err := a.Config.SetSetting(ctx, path, in.Body.Key, in.Body.Value, strings.Trim(in.IfMatch, `"`))
	if wrong, ok := errors.AsType[*config.SettingError](err); ok {
		return nil, &failure{status: http.StatusUnprocessableEntity, code: "INVALID_SETTING", text: wrong.Msg, data: object{"key": wrong.Key}}
	}
	if errors.Is(err, config.ErrUnknownSetting) {
		return nil, &failure{status: http.StatusUnprocessableEntity, code: "UNKNOWN_SETTING", text: err.Error(), data: object{"key": in.Body.Key}}
	}
	if err != nil {
		return nil, textFailure(path, err)
	}
	out := &setSetting{}
	out.Body.Path, out.Body.ETag, out.Body.Before = path, `"`+tag+`"`, before
	return out, nil
}

// textFailure is what an error of the configuration means to a client that changed a file whose tag it named.
func textFailure(path string, err error) error {
	if errors.Is(err, config.ErrConflict) {
		return &failure{status: http.StatusPreconditionFailed, code: "CONFIG_CHANGED", text: err.Error(), data: object{"file": path}}
	}
	broken, ok := errors.AsType[*config.FileError](err)
	if !ok {
		return editFailure(err)
	}
	return &failure{
		status: http.StatusUnprocessableEntity, code: "CONFIG_INVALID", text: err.Error(),
		data: object{"file": broken.Path, "line": broken.Line, "column": broken.Column},
	}
}

type diagnosis struct {
	Body struct {
		Valid       bool                `json:"valid" doc:"There are no errors; there may be warnings"`
		Diagnostics []config.Diagnostic `json:"diagnostics" nullable:"false" doc:"In the order in which they stand in the text"`
	}
}

type draft struct {
	Body struct {
		Text string `json:"text"`
		Path string `json:"path,omitempty" doc:"What the diagnostics name as the file"`
	}
}

func (a *v2) validate(_ context.Context, in *draft) (*diagnosis, error) {
	out := &diagnosis{}
	out.Body.Diagnostics = append([]config.Diagnostic{}, config.Validate([]byte(in.Body.Text), in.Body.Path)...)
	out.Body.Valid = true
	for _, d := range out.Body.Diagnostics {
		out.Body.Valid = out.Body.Valid && d.Severity != config.Error
	}
	return out, nil
}

// setting is one value of the merged configuration.
type setting struct {
	Name  string     `json:"name" doc:"Of the server, or the top-level key"`
	Value any        `json:"value" doc:"Placeholders unresolved, what may be secret masked"`
	From  position   `json:"from" doc:"Where it stands"`
	Hides []position `json:"hides" nullable:"false" doc:"Where the values stand that it takes the place of, the strongest first"`
}

// flagged is a setting that the command line says.
type flagged struct {
	Key   string `json:"key" doc:"Such as hub.compatibleVersion"`
	Flag  string `json:"flag" doc:"Such as --compatible-version"`
	Value any    `json:"value" doc:"What holds"`
}

type effectiveConfig struct {
	Body struct {
		Servers  []setting `json:"servers" nullable:"false" doc:"Sorted by name"`
		Settings []setting `json:"settings" nullable:"false" doc:"The other top-level keys, sorted"`
		Flags    []flagged `json:"flags" nullable:"false" doc:"The hub's settings that its command line says, whatever the files say"`
	}
}

func (a *v2) effective(context.Context, *struct{}) (*effectiveConfig, error) {
	e, out := a.Config.Current().Effective(), &effectiveConfig{}
	out.Body.Servers, out.Body.Settings = settings(e.Servers, maskServer), settings(e.Keys, maskSetting)
	out.Body.Flags = []flagged{}
	if a.Compatible != "" {
		out.Body.Flags = append(out.Body.Flags, flagged{"hub.compatibleVersion", "--compatible-version", a.Compatible})
	}
	return out, nil
}

func settings(list []config.Setting, mask func(config.Setting) any) []setting {
	out := make([]setting, len(list))
	for i, s := range list {
		out[i] = setting{s.Name, mask(s), position{s.From.Path, s.From.Line, s.From.Column}, make([]position, len(s.Hides))}
		for j, p := range s.Hides {
			out[i].Hides[j] = position{p.Path, p.Line, p.Column}
		}
	}
	return out
}
