package market

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"mcphub/hub/fetch"
)

const (
	bundleLimit = 256 << 20 // bytes of the archive
	filesLimit  = 1 << 30   // bytes of all that is in it
	filesCount  = 50_000
)

var (
	// ErrHash says that a bundle is not the file that its publisher described.
	ErrHash = errors.New("the bundle is not the one that was published: its SHA-256 differs")
	// ErrBundle says that a bundle holds something that it must not, or not what it must.
	ErrBundle = errors.New("the bundle is broken or unsafe")
	// ErrDownload says that a bundle could not be fetched.
	ErrDownload = errors.New("the bundle cannot be downloaded")
)

// Unpack downloads the bundle of the item's install, verifies its hash and unpacks it into a folder of its own; one that
// is there already is used as it is. It returns the item with that install ready for a plan. It runs nothing of the bundle.
func (x *Index) Unpack(ctx context.Context, item Item, install int) (Item, error) {
	if install < 0 || install >= len(item.Installs) || item.Installs[install].Package.Type != "mcpb" {
		return Item{}, fmt.Errorf("unpack %s: %w", item.ID, ErrNoInstall)
	}
	pkg := item.Installs[install].Package
	dir := filepath.Join(x.bundles, pkg.SHA256)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := x.download(ctx, pkg, dir); err != nil {
			return Item{}, fmt.Errorf("unpack %s: %w", item.ID, err)
		}
	}
	ready, err := readManifest(dir, runtime.GOOS)
	if err != nil {
		return Item{}, fmt.Errorf("unpack %s: %w", item.ID, err)
	}
	ready.Name, ready.Package, ready.Transports = item.Installs[install].Name, pkg, item.Installs[install].Transports
	item.Installs = slices.Clone(item.Installs)
	item.Installs[install] = ready
	return item, nil
}

// download fetches the bundle and unpacks it beside dir, which it becomes when all went well.
func (x *Index) download(ctx context.Context, pkg Package, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	if err := os.MkdirAll(x.bundles, 0o700); err != nil {
		return err
	}
	work, err := os.MkdirTemp(x.bundles, ".unpack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	file, err := os.Create(filepath.Join(work, "bundle"))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := save(ctx, x.client, pkg, file); err != nil {
		return err
	}
	files := filepath.Join(work, "files")
	if err := os.Mkdir(files, 0o700); err != nil {
		return err
	}
	if err := unzip(file, files); err != nil {
		return err
	}
	if err := os.Rename(files, dir); err != nil {
		if _, statErr := os.Stat(dir); statErr != nil {
			return err
		} // else another process was faster
	}
	return nil
}

// save writes the bundle into the file and verifies it.
func save(ctx context.Context, client *http.Client, pkg Package, file *os.File) error {
	answer, err := fetch.Open(ctx, client, pkg.Identifier, "", bundleLimit)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDownload, err)
	}
	defer answer.Body.Close()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(file, hash), answer.Body); err != nil {
		return fmt.Errorf("%w: %w", ErrDownload, err)
	}
	if hex.EncodeToString(hash.Sum(nil)) != pkg.SHA256 {
		return ErrHash
	}
	return nil
}

// unzip writes what is in the archive into dir: regular files and folders only, nothing outside of dir, no more than the
// limits whatever the archive says of itself.
func unzip(file *os.File, dir string) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	archive, err := zip.NewReader(file, info.Size())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBundle, err)
	}
	if len(archive.File) > filesCount {
		return fmt.Errorf("%w: more than %d files", ErrBundle, filesCount)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	left := int64(filesLimit)
	for _, f := range archive.File {
		name := strings.TrimSuffix(f.Name, "/")
		if strings.ContainsAny(name, "\\:\x00") || !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("%w: a file named %q", ErrBundle, f.Name)
		}
		switch mode := f.Mode(); {
		case mode.IsDir():
			if err := root.MkdirAll(name, 0o700); err != nil {
				return err
			}
		case mode.IsRegular():
			if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
				return fmt.Errorf("%w: %w", ErrBundle, err)
			}
			n, err := unzipFile(root, f, name, left)
			if err != nil {
				return err
			}
			left -= n
		default:
			return fmt.Errorf("%w: %q is neither file nor folder", ErrBundle, f.Name)
		}
	}
	return nil
}

func unzipFile(root *os.Root, f *zip.File, name string, limit int64) (n int64, err error) {
	in, err := f.Open()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	defer in.Close()
	mode := os.FileMode(0o600)
	if f.Mode()&0o111 != 0 {
		mode = 0o700
	}
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	n, err = io.Copy(out, io.LimitReader(in, limit+1))
	if err := errors.Join(err, out.Close()); err != nil {
		return n, fmt.Errorf("%w: %s: %w", ErrBundle, f.Name, err)
	}
	if n > limit {
		return n, fmt.Errorf("%w: %w", ErrBundle, fetch.ErrTooLarge)
	}
	return n, nil
}

// manifest is what the hub reads of a manifest.json, version 0.4.
type manifest struct {
	Description string
	Server      struct {
		Type       string
		EntryPoint string `json:"entry_point"`
		Config     struct {
			runConfig
			Overrides map[string]runConfig `json:"platform_overrides"`
		} `json:"mcp_config"`
	}
	Compatibility struct{ Platforms []string }
	UserConfig    map[string]struct {
		Type, Title, Description      string
		Required, Multiple, Sensitive bool
		Default                       json.RawMessage
	} `json:"user_config"`
}

type runConfig struct {
	Command string
	Args    []string
	Env     map[string]string
}

// readManifest returns how to run the bundle that is unpacked in dir.
func readManifest(dir, system string) (Install, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Install{}, err
	}
	defer root.Close()
	file, err := root.Open("manifest.json")
	if err != nil {
		return Install{}, fmt.Errorf("%w: it has no manifest: %w", ErrBundle, err)
	}
	defer file.Close()
	text, err := io.ReadAll(fetch.Limit(file, itemLimit))
	if err != nil {
		return Install{}, fmt.Errorf("%w: manifest: %w", ErrBundle, err)
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Install{}, fmt.Errorf("%w: manifest: %w", ErrBundle, err)
	}
	platform := system
	if system == "windows" {
		platform = "win32"
	}
	if len(m.Compatibility.Platforms) > 0 && !slices.Contains(m.Compatibility.Platforms, platform) {
		return Install{}, fmt.Errorf("%w: it is for %s", ErrNotRunnable, strings.Join(m.Compatibility.Platforms, ", "))
	}
	in := Install{Description: clean(m.Description, 1000)}
	run := m.command(dir, platform)
	expand := m.expander(dir)
	in.Template.Command = expand(run.Command)
	if strings.ContainsAny(in.Template.Command, `/\`) && !filepath.IsAbs(in.Template.Command) {
		in.Template.Command = filepath.Join(dir, filepath.FromSlash(in.Template.Command))
	}
	in.Template.Cwd = dir
	for _, a := range run.Args {
		in.Template.Args = append(in.Template.Args, Argument{expand(a)})
	}
	for _, p := range sorted(run.Env) {
		in.Template.Env = append(in.Template.Env, Pair{p.Name, expand(p.Value)})
	}
	if in.Template.empty() {
		return Install{}, fmt.Errorf("%w: its manifest names no command", ErrBundle)
	}
	in.Parameters = m.parameters(expand)
	in.Parameters, err = in.Template.check(in.Parameters)
	if err != nil {
		return Install{}, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	return in, nil
}

// command returns what the manifest runs on the platform; where it only names its entry point, by its type.
func (m *manifest) command(dir, platform string) runConfig {
	run := m.Server.Config.runConfig
	o := m.Server.Config.Overrides[platform]
	if o.Command != "" {
		run.Command = o.Command
	}
	if o.Args != nil {
		run.Args = o.Args
	}
	env := map[string]string{}
	for _, from := range []map[string]string{run.Env, o.Env} {
		for k, v := range from {
			env[k] = v
		}
	}
	run.Env = env
	if run.Command != "" || m.Server.EntryPoint == "" {
		return run
	}
	start := filepath.Join(dir, filepath.FromSlash(m.Server.EntryPoint))
	switch m.Server.Type {
	case "node":
		run.Command, run.Args = "node", []string{start}
	case "python":
		run.Command, run.Args = "python", []string{start}
	case "uv":
		run.Command, run.Args = "uv", []string{"run", "--directory", dir, start}
	case "binary":
		run.Command = start
	}
	return run
}

// expander returns the function that puts in what the manifest may refer to; user_config.x becomes the parameter x.
func (m *manifest) expander(dir string) func(string) string {
	home, _ := os.UserHomeDir() // without one the placeholder stays, and the check reports it
	known := map[string]string{"__dirname": dir, "pathSeparator": string(os.PathSeparator), "/": string(os.PathSeparator)}
	if home != "" {
		known["HOME"] = home
		for name, folder := range map[string]string{"DESKTOP": "Desktop", "DOCUMENTS": "Documents", "DOWNLOADS": "Downloads"} {
			known[name] = filepath.Join(home, folder)
		}
	}
	return func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(found string) string {
			name := found[2 : len(found)-1]
			if value, ok := known[name]; ok {
				return value
			}
			if key, ok := strings.CutPrefix(name, "user_config."); ok {
				return "${" + key + "}"
			}
			return found
		})
	}
}

func (m *manifest) parameters(expand func(string) string) []Parameter {
	var parameters []Parameter
	for key, c := range m.UserConfig {
		p := Parameter{
			Key: key, Name: line(c.Title, 200), Description: clean(c.Description, 1000), Required: c.Required,
			Secret: c.Sensitive || looksSecret(key), Multiple: c.Multiple, Format: c.Type,
		}
		if p.Name == "" {
			p.Name = key
		}
		if c.Type == "file" {
			p.Format = "filepath"
		}
		var one any
		if json.Unmarshal(c.Default, &one) == nil {
			switch v := one.(type) {
			case []any:
				var all []string
				for _, e := range v {
					all = append(all, expand(fmt.Sprint(e)))
				}
				p.Default = strings.Join(all, "\n")
			case nil:
			default:
				p.Default = expand(fmt.Sprint(v))
			}
		}
		if resolves(p.Default) {
			p.Default = ""
		}
		parameters = append(parameters, p)
	}
	slices.SortFunc(parameters, func(a, b Parameter) int { return strings.Compare(a.Key, b.Key) })
	return parameters
}
