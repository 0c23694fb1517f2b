package emucmd

// https://developers.cloudflare.com/workers/wrangler/commands/#dev (--local-protocol, --https-cert-path)

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"slices"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator/devserver"
)

func encrypted(o *devOptions, cfg *config.Config) bool {
	return cmp.Or(o.protocol, cfg.Dev.LocalProtocol) == "https"
}

// certificate is the user's, or emu's own.
func (c *Command) certificate(log *devserver.Log, o *devOptions, persist string, hosts ...string) (tls.Certificate, error) {
	if o.certPath == "" {
		hosts = slices.DeleteFunc(hosts, func(h string) bool { return h == "" || h == "*" })
		return devserver.Certificate(log, persist, hosts...)
	}
	cert, err := tls.LoadX509KeyPair(c.path(o.certPath), c.path(o.keyPath))
	if err != nil {
		err = fmt.Errorf("cannot use the certificate: %w", err)
	}
	return cert, err
}
