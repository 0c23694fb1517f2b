package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/syntax"
)

// deployConfig is the file in which a build tool names the configuration that it has written.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#generated-wrangler-configuration
const deployConfig = ".wrangler/deploy/config.json"

// found is where the configuration is; all paths are absolute.
type found struct {
	config     string // the file to read, "" if there is none
	user       string // the file that the user wrote: config, unless it is redirected
	redirected bool
}

// find looks for the configuration as Wrangler does.
func (r *reading) find() *diagnostic.Diagnostic {
	if r.options.Config != "" {
		r.files.config = In(r.dir, r.options.Config)
		r.files.user = r.files.config
		return nil
	}
	from := r.dir
	if r.options.Script != "" {
		from = filepath.Dir(In(r.dir, r.options.Script))
	}
	// A wrangler.json in any folder above comes before a wrangler.toml in this one.
	for _, name := range []string{"wrangler.json", "wrangler.jsonc", "wrangler.toml"} {
		if r.files.user = above(from, name); r.files.user != "" {
			break
		}
	}
	r.files.config = r.files.user
	if deploy := above(from, filepath.FromSlash(deployConfig)); deploy != "" {
		return r.redirect(deploy)
	}
	return nil
}

// redirect reads the configuration that a deploy configuration file names, not the user's.
func (r *reading) redirect(deploy string) *diagnostic.Diagnostic {
	shown := r.shown(deploy)
	data, err := os.ReadFile(deploy)
	if err != nil {
		return &diagnostic.Diagnostic{Text: fmt.Sprintf(msgUnreadable, shown), Notes: []diagnostic.Note{{Text: nodeError(err, deploy)}}, Place: diagnostic.Place{File: shown}}
	}
	s, encoding := diagnostic.NewSource(shown, data)
	config, fault := syntax.JSONC(s)
	if encoding != "" || fault != nil {
		d := &diagnostic.Diagnostic{Text: fmt.Sprintf(msgRedirectParse, shown), Place: diagnostic.Place{File: shown}}
		if fault != nil {
			d.Code, d.Hint, d.Place, d.LineText = fault.Code, fault.Text, fault.Place, fault.LineText
		}
		return d
	}
	to := config.Get("configPath").Text()
	if to == "" {
		return &diagnostic.Diagnostic{Text: fmt.Sprintf(msgRedirectEmpty, shown, s.Text), Place: diagnostic.Place{File: shown},
			Hint: "remove " + shown + " or build again"}
	}
	target := In(filepath.Dir(deploy), filepath.FromSlash(to))
	if _, err := os.Stat(target); err != nil {
		return &diagnostic.Diagnostic{Text: fmt.Sprintf(msgRedirectMissing, shown, r.shown(target)), Place: diagnostic.Place{File: shown},
			Hint: "remove " + shown + " or build again"}
	}
	// The file of another project, further up, must not redirect this one.
	if r.files.user != "" {
		if expected := filepath.Join(filepath.Dir(r.files.user), filepath.FromSlash(deployConfig)); expected != deploy {
			return &diagnostic.Diagnostic{Text: fmt.Sprintf(msgRedirectElsewhere, shown, r.shown(r.files.user), r.shown(expected)), Place: diagnostic.Place{File: shown}}
		}
	}
	r.files.config, r.files.redirected = target, true
	user := "<no user config found>"
	if r.files.user != "" {
		user = r.shown(r.files.user)
	}
	r.result.Notices = append(r.result.Notices, diagnostic.Diagnostic{
		Severity: diagnostic.SeverityInfo, Text: fmt.Sprintf(msgRedirected, shown, r.shown(target), user),
	})
	return nil
}

// In resolves a path that may be relative to a folder.
func In(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// above finds a file in a directory or the nearest one above it.
func above(dir, name string) string {
	for {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// knownFormat reports whether Wrangler can read a file with this name.
func knownFormat(path string) bool {
	return strings.HasSuffix(path, ".toml") || strings.HasSuffix(path, ".json") || strings.HasSuffix(path, ".jsonc")
}

// nodeError words the error of reading a file as Node.js does.
func nodeError(err error, path string) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "ENOENT: no such file or directory, open '" + path + "'"
	case errors.Is(err, fs.ErrPermission):
		return "EACCES: permission denied, open '" + path + "'"
	case errors.Is(err, syscall.EISDIR), isDirectory(path):
		return "EISDIR: illegal operation on a directory, read"
	}
	return err.Error()
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
