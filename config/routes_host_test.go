package config

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRouteHost: Wrangler takes the host of the first route for that of the Worker.
func TestRouteHost(t *testing.T) {
	for _, tt := range []struct{ config, want string }{
		{`{}`, ""},
		{`{"routes": []}`, ""},
		{`{"route": "shop.example.org/*"}`, "shop.example.org"},
		{`{"routes": ["shop.example.org/*", "other.example.org"]}`, "shop.example.org"},
		{`{"routes": [{"pattern": "*.shop.example.org/x/*", "zone_name": "example.org"}, "other.example.org/*"]}`, "shop.example.org"},
		{`{"routes": [{"pattern": "*/x", "zone_name": "example.org"}]}`, "example.org"},
		{`{"routes": [{"pattern": "*/x", "zone_id": "1"}]}`, ""},
		{`{"routes": ["https://Shop.example.org:8443/x"]}`, "shop.example.org:8443"},
		{`{"routes": [{"pattern": "a.example.org", "custom_domain": true}]}`, "a.example.org"},
	} {
		r := Load(Options{Dir: writeConfig(t, tt.config)})
		if r.Config == nil || r.Config.RouteHost != tt.want {
			t.Errorf("%s: %+v, want %s", tt.config, r.Config, tt.want)
		}
	}
}

// TestUpstreamProtocol: it is dev.local_protocol's unless it is given.
func TestUpstreamProtocol(t *testing.T) {
	for _, tt := range []struct{ config, flag, want string }{
		{`{}`, "", "http"},
		{`{}`, "https", "https"},
		{`{"dev": {"local_protocol": "https"}}`, "", "https"},
		{`{"dev": {"upstream_protocol": "https"}}`, "", "https"},
		{`{"dev": {"upstream_protocol": "http", "local_protocol": "https"}}`, "", "http"},
	} {
		r := Load(Options{Dir: writeConfig(t, tt.config), LocalProtocol: tt.flag})
		if r.Config == nil || r.Config.Dev.UpstreamProtocol != tt.want {
			t.Errorf("%s: %+v, want %s", tt.config, r.Config, tt.want)
		}
	}
}

// writeConfig writes a configuration to a folder of its own.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "wrangler.json"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}
