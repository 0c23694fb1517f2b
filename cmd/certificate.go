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

// encrypted reports whether https is served.
func (o *serveFlags) encrypted(cfg *config.Config) bool {
	return cmp.Or(o.protocol, cfg.Dev.LocalProtocol) == "https"
}

// certificate is the configuration for https, with the user's certificate or emu's own. show says
// whether its fingerprint is printed.
func (s *serving) certificate(o *devserver.Options, show bool) (_ *tls.Config, err error) {
	var cert tls.Certificate
	if s.flags.certPath == "" {
		hosts := slices.DeleteFunc([]string{o.World.Upstream.Host, o.Address.IP}, func(h string) bool { return h == "" || h == "*" })
		cert, err = devserver.Certificate(s.log, o.World.Persist, hosts...)
	} else if cert, err = tls.LoadX509KeyPair(s.path(s.flags.certPath), s.path(s.flags.keyPath)); err != nil {
		err = fmt.Errorf("cannot use the certificate: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if show {
		s.log.Say("certificate SHA-256 " + devserver.Fingerprint(cert))
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}, nil
}
