package devserver

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
)

// What the Worker and the client see of each other's origins. Recorded from wrangler dev with dev.host
// shop.example.org, with dev.host shop.example.org:81 and dev.upstream_protocol https, and with the latter alone.
func TestUpstream(t *testing.T) {
	worker := func(_ context.Context, r *durable.Request, _ *durable.Env) (*durable.Response, error) {
		if strings.HasPrefix(r.URL.Path, "/cdn-cgi/") {
			return durable.Text(200, "worker"), nil
		}
		if name := r.Header.Get("X-Give"); name != "" {
			name, value, _ := strings.Cut(strings.ReplaceAll(name, ":%2f/", "://"), "=")
			return &durable.Response{Header: durable.Header{name: {value}}}, nil
		}
		lines := []string{r.URL.String()}
		for k, v := range r.Header {
			if k != "Accept-Encoding" && k != "Cf-Connecting-Ip" {
				lines = append(lines, strings.ToLower(k)+": "+strings.Join(v, " + "))
			}
		}
		slices.Sort(lines[1:])
		return durable.Text(200, strings.Join(lines, "\n")), nil
	}
	for _, tt := range []struct {
		name         string
		upstream     emulator.Origin
		origin, host string // "" is as the client asked
	}{
		{"host", emulator.Origin{Host: "shop.example.org"}, "http://shop.example.org", "shop.example.org"},
		{"host and https", emulator.Origin{Scheme: "https", Host: "shop.example.org:81"}, "https://shop.example.org:81", "shop.example.org:81"},
		{"https", emulator.Origin{Scheme: "https"}, "", ""},
		{"nothing", emulator.Origin{}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := serve(t, Options{World: emulator.Options{Upstream: tt.upstream}}, worker)
			outer := strings.TrimPrefix(s.URL(), "http://")
			get := func(headers string) (head, body string) {
				conn, err := net.Dial("tcp", s.Addrs()[0].String())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				fmt.Fprintf(conn, "GET /p?q HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n", strings.ReplaceAll(headers, "OUTER", outer))
				all, _ := io.ReadAll(conn)
				head, body, _ = strings.Cut(string(all), "\r\n\r\n")
				return head, body
			}
			scheme := "http://"
			if tt.upstream.Scheme == "https" {
				scheme = "https://"
			}
			for _, c := range []struct{ asked, headers, want string }{
				{"OUTER", "", ""},
				{"foo.test", "", ""},
				{"foo.test", "X-Forwarded-Proto: https", "x-forwarded-proto: https"},
				{"OUTER", "Origin: http://OUTER\r\nReferer: http://OUTER/a?b=http://OUTER/c", "origin: INNER\nreferer: INNER/a?b=http://OUTER/c"},
				{"OUTER", "X-Foo: see http://OUTER/x, https://OUTER/y;http://localhost/z 'http://OUTER'", "x-foo: see INNER/x, INNER/y;http://localhost/z 'INNER'"},
				{"OUTER", "Origin: https://OUTER", "origin: INNER"},
				{"OUTER", "Origin: http://evil.test\r\nReferer: http://evil.test/a", "origin: http://evil.test\nreferer: http://evil.test/a"},
				{"OUTER", "Cookie: a=http://OUTER/; b=localhost", "cookie: a=INNER/; b=localhost"},
				{"foo.test", "Referer: http://user:pw@foo.test/a\r\nX-A: xhttp://foo.test/b foo.test http://foo.testing/ http://foo.test:81/",
					"referer: INNER/a\nx-a: xINNER/b foo.test http://foo.testing/ http://foo.test:81/"},
				{"foo.test", "Referer: http://foo.test:80/a", "referer: INNER/a"},
			} {
				inner, host := tt.origin, tt.host
				if inner == "" {
					inner, host = scheme+c.asked, c.asked
				}
				lines := []string{"host: " + host}
				if tt.host != "" {
					lines = append(lines, "mf-original-hostname: "+host)
				}
				if c.want != "" {
					lines = append(lines, strings.Split(c.want, "\n")...)
				}
				slices.Sort(lines)
				want := strings.ReplaceAll(strings.ReplaceAll(inner+"/p?q\n"+strings.Join(lines, "\n"), "INNER", inner), "OUTER", outer)
				if _, got := get("Host: " + strings.TrimSuffix(c.asked+"\r\n"+c.headers, "\r\n")); got != want {
					t.Errorf("%s %s: got\n%s\nwant\n%s", c.asked, c.headers, got, want)
				}
			}
			host := tt.host
			if tt.origin == "" {
				host = outer
			}
			hostname, _, _ := strings.Cut(host, ":")
			for _, c := range []struct{ give, want string }{
				{"Location=http://HOST/a?b#c", "http://OUTER/a?b#c"},
				{"Location=https://HOST/a", "http://OUTER/a"},
				{"Location=/a", "/a"},
				{"Location=//HOST/a", "//HOST/a"},
				{"Location=http://foo.other/a", "http://foo.other/a"},
				{"Location=http://u:p@HOST/a", "http://OUTER/a"},
				{"Access-Control-Allow-Origin=http://HOST", "http://OUTER"},
				{"Access-Control-Allow-Origin=*", "*"},
				{"Link=<http://HOST/a>; rel=x, <https://HOST/b>", "<http://OUTER/a>; rel=x, <http://OUTER/b>"},
				{"X-Any=a http://HOST/q b", "a http://OUTER/q b"},
				{"X-Bare=HOST", "HOST"},
				{"Set-Cookie=a=b; Domain=NAME; Path=/", "a=b; Domain=localhost; Path=/"},
				{"Set-Cookie=a=b; Domain=NAME", "a=b; Domain=localhost"},
				{"Set-Cookie=e=f; domain=NAME", "e=f; domain=NAME"},
				{"Set-Cookie=g=h; Domain=.NAME", "g=h; Domain=.NAME"},
				{"Set-Cookie=i=http://HOST/; Domain=NAMEx", "i=http://HOST/; Domain=NAMEx"},
			} {
				fill := strings.NewReplacer("HOST", host, "NAME", hostname, "OUTER", outer)
				name, _, _ := strings.Cut(c.give, "=")
				head, _ := get("Host: OUTER\r\nX-Give: " + hidden(fill.Replace(c.give)))
				if want := name + ": " + fill.Replace(c.want); !strings.Contains(head+"\r\n", "\r\n"+want+"\r\n") {
					t.Errorf("%s: got\n%s\nwant %s", fill.Replace(c.give), head, want)
				}
			}
			for headers, want := range map[string]int{
				"": 200, "Origin: http://" + outer: 200, "Origin: http://foo.test": 403,
			} {
				q, _ := http.NewRequest("GET", s.URL()+"/cdn-cgi/other", nil)
				if _, v, ok := strings.Cut(headers, ": "); ok {
					q.Header.Set("Origin", v)
				}
				resp, err := http.DefaultClient.Do(q)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != want {
					t.Errorf("a local path with %q: %d", headers, resp.StatusCode)
				}
			}
			if tt.host != "" { // Wrangler looks at what the client says, too
				q, _ := http.NewRequest("GET", s.URL()+"/cdn-cgi/other", nil)
				q.Host = tt.host
				resp, err := http.DefaultClient.Do(q)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != 403 {
					t.Errorf("a local path under the Worker's host: %d", resp.StatusCode)
				}
			}
		})
	}
}

// hidden keeps a value that goes to the Worker from being translated on the way there.
func hidden(v string) string { return strings.ReplaceAll(v, "://", ":%2f/") }
