package devserver

// The certificate of https, which emu signs itself and keeps.
// https://www.rfc-editor.org/rfc/rfc5280

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// certificateFile is the certificate with its key, in the state folder.
const certificateFile = "emu-https.pem"

const (
	certified = 365 * 24 * time.Hour
	// renewing is how long before its end a certificate is made anew.
	renewing = 24 * time.Hour
)

// Certificate reads the certificate in a state folder, or makes one: for
// localhost, both loopback addresses and the hosts given.
func Certificate(persist string, hosts ...string) (tls.Certificate, error) {
	path := filepath.Join(persist, certificateFile)
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return tls.Certificate{}, fmt.Errorf("cannot read the certificate: %w", err)
	}
	if cert, err := tls.X509KeyPair(text, text); err == nil && serves(cert.Leaf, hosts) {
		return cert, nil
	}
	text, err = certify(hosts, time.Now())
	if err == nil {
		err = os.MkdirAll(persist, 0o777)
	}
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cannot make a certificate: %w", err)
	}
	return tls.X509KeyPair(text, text)
}

// serves reports whether a certificate is good for some hosts still.
func serves(c *x509.Certificate, hosts []string) bool {
	for _, h := range hosts {
		if c.VerifyHostname(h) != nil {
			return false
		}
	}
	return time.Until(c.NotAfter) > renewing
}

// certify makes a certificate and its key.
func certify(hosts []string, now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "emu dev"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certified),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, h)
		}
	}
	signed, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: signed})
	pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	return b.Bytes(), nil
}

// Fingerprint is a certificate's SHA-256, as browsers show it.
func Fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}
