package emucmd

// The flags of emu dev and emu exec. A flag is defined in add, and takes effect in
// serving.go.
// https://developers.cloudflare.com/workers/wrangler/commands/#dev

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/devserver"
)

// serveFlags are the flags of the verbs that serve a Worker.
type serveFlags struct {
	configFlags
	ip               string
	port             *number
	host             string
	upstreamProtocol string // of the URLs that the Worker sees
	inferOrigin      bool
	keyPath          string
	certPath         string
	name             string
	date             string
	flags            []string
	cwd              string
	persistTo        string
	format           string
	level            string
	maxWaiting       *number
	strict           bool
	purge            bool
	resetMigrations  bool
}

// protocols are what emu serves.
var protocols = []string{"http", "https"}

func (o *serveFlags) add(cmd *cobra.Command) {
	o.configFlags.add(cmd)
	f := cmd.Flags()
	f.StringVar(&o.ip, "ip", "", "address to listen on, * for all (default: dev.ip, or localhost)")
	o.port, o.maxWaiting = newPort(), newMebibytes(1024)
	f.Var(o.port, "port", "`port` to listen on, 0 for any that is free (default: dev.port, or 8787)")
	f.Lookup("port").DefValue = "0" // help does not print zero
	f.StringVar(&o.host, "host", "", "host that the Worker sees (default: dev.host, the first route's, or as it is asked for)")
	f.BoolVar(&o.inferOrigin, "infer-origin-from-routes", true, "the Worker sees the host of the first route")
	f.Var(choice{&o.upstreamProtocol, protocols}, "upstream-protocol", "`protocol` of the addresses that the Worker sees (default: dev.upstream_protocol, or that of --local-protocol)")
	f.Var(choice{&o.protocol, protocols}, "local-protocol", "http, or https with a certificate of emu's own")
	f.StringVar(&o.certPath, "https-cert-path", "", "certificate `file` for https")
	f.StringVar(&o.keyPath, "https-key-path", "", "its key `file`")
	f.StringVar(&o.name, "name", "", "name of the Worker, in place of the configuration's")
	f.StringVar(&o.date, "compatibility-date", "", "`date` in place of the configuration's")
	f.StringArrayVar(&o.flags, "compatibility-flag", nil, "`flag` in place of the configuration's; may be repeated")
	f.StringVar(&o.cwd, "cwd", "", "`folder` to run in")
	f.StringVar(&o.persistTo, "persist-to", "", "`folder` of the stored data (default: .emu/state beside the configuration)")
	f.BoolVar(&o.strict, "strict", false, "refuse what a deployment would refuse of migrations")
	f.BoolVar(&o.purge, "purge", false, "move the data of deleted classes to the trash folder")
	f.BoolVar(&o.resetMigrations, "reset-migrations", false, "forget which migrations were applied; data stays")
	f.Var(o.maxWaiting, "max-waiting", "`MiB` of memory for what waits for slow WebSocket clients, all together")
	f.StringArrayVar(&o.vars, "var", nil, "variable as `name:value`; may be repeated")
	o.format, o.level = "human", "log"
	f.Var(choice{&o.format, []string{"human", "json"}}, "log-format", "`human`, or json: one event a line")
	f.Var(choice{&o.level, devserver.Levels}, "log-level", "`level`: "+strings.Join(devserver.Levels, ", "))
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "compatibility-flags" { // Wrangler has both
			name = "compatibility-flag"
		}
		return pflag.NormalizedName(name)
	})
	addWranglerFlags(cmd)
}

// check refuses values that are wrong whatever the configuration says.
func (o *serveFlags) check() error {
	err := refuseWranglerFlags(o.cmd)
	if err == nil && (o.certPath == "") != (o.keyPath == "") {
		err = diagnostic.NewError("a certificate and its key belong together", "give both --https-cert-path and --https-key-path, or none")
	}
	return cmp.Or(err, checkHost(o.host), checkVars(o.vars))
}

// encrypted reports whether https is served.
func (o *serveFlags) encrypted(cfg *config.Config) bool {
	return cmp.Or(o.protocol, cfg.Dev.LocalProtocol) == "https"
}

// checkHost refuses a value that is not a host with or without a port.
func checkHost(host string) error {
	if host == "" {
		return nil
	}
	u, err := url.Parse("http://" + host)
	strange := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._:", r)
	}
	if err == nil && u.Host == host && u.Hostname() != "" && strings.IndexFunc(u.Hostname(), strange) < 0 {
		return nil
	}
	hint := "a host is a name such as example.com"
	if u, err := url.Parse(host); err == nil && u.Host != "" {
		hint = "did you mean --host " + u.Host + "?"
	}
	return diagnostic.NewError(fmt.Sprintf("--host %q is not a host", host), hint)
}

// checkVars refuses --var without a name. Wrangler silently makes --var A=B a variable "A=B".
func checkVars(vars []string) error {
	for _, v := range vars {
		name, _, _ := strings.Cut(v, ":")
		key, value, equals := strings.Cut(v, "=")
		switch {
		case name == "" || equals && key == "":
			return diagnostic.NewError(fmt.Sprintf("--var %q has no name", v), "give --var name:value")
		case equals && strings.Contains(name, "="):
			return diagnostic.NewError(fmt.Sprintf("--var %s is not a name, a colon and a value", v), "did you mean --var "+key+":"+value+"?")
		}
	}
	return nil
}
