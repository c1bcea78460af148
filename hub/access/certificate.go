package access

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"time"

	"mcphub/hub/statedir"
)

// The self-made certificate and its key, in the same folder as the tokens.
const (
	certificateName = "tls-cert.pem"
	privateName     = "tls-key.pem"
)

// A self-made certificate is good for as long as browsers take one, and another is made a while before its end.
const (
	certificateLife = 820 * 24 * time.Hour
	certificateRest = 30 * 24 * time.Hour
)

// SelfMade returns the certificate that the hubs on this machine make for themselves. It is kept in the folder of their state, and made anew
// only when it is about to end or does not have one of the names.
func SelfMade(ctx context.Context, dir string, names []string) (tls.Certificate, error) {
	var none tls.Certificate
	release, err := lock(ctx, filepath.Join(dir, folder))
	if err != nil {
		return none, fmt.Errorf("make a certificate: %w", err)
	}
	defer release()
	certificate, private := SelfMadeFile(dir), filepath.Join(dir, folder, privateName)
	kept, err := tls.LoadX509KeyPair(certificate, private)
	if err == nil && serves(kept.Leaf, names) {
		return kept, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return none, fmt.Errorf("read the hub's own certificate: %w; remove %s and %s for a new one", err, certificate, private)
	}
	certText, keyText, err := makeCertificate(names)
	if err != nil {
		return none, fmt.Errorf("make a certificate: %w", err)
	}
	if err := errors.Join(statedir.WritePrivate(private, keyText), statedir.WritePrivate(certificate, certText)); err != nil {
		return none, fmt.Errorf("keep the certificate: %w", err)
	}
	return tls.X509KeyPair(certText, keyText)
}

// SelfMadeFile returns where SelfMade keeps the certificate, without its key.
func SelfMadeFile(dir string) string { return filepath.Join(dir, folder, certificateName) }

func serves(c *x509.Certificate, names []string) bool {
	for _, name := range names {
		if c.VerifyHostname(name) != nil {
			return false
		}
	}
	return time.Now().Add(certificateRest).Before(c.NotAfter)
}

func makeCertificate(names []string) (certificate, private []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "MCP Hub"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, // and no authority: who trusts it trusts nothing else with it
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs}), nil
}

// Fingerprint returns the SHA-256 of a certificate as browsers show it.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	text := strings.ToUpper(hex.EncodeToString(sum[:]))
	var b strings.Builder
	for i := 0; i < len(text); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(text[i : i+2])
	}
	return b.String()
}
