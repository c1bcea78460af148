package secret

import (
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	for grade, names := range map[Likelihood]string{
		Password: "password PASSWORD userPassword1 db_password DB_PASSWORD_2 dbPwd passphrase passcode otp Authorization Cookie PRIVATE_KEY_PASSPHRASE PASSWORD_HASH authorizationHeader proxy-authorization",
		Strong: "token TOKEN githubToken GITHUB_TOKEN x-auth-token accessToken AUTH_TOKEN_2 secret clientSecret client_secret secret_id VAULT_SECRET_ID credentials " +
			"AZURE_PAT bearer jwt key KEY api_key API_KEY apiKey APIKey apikey API_KEYS api-key X-Api-Key x.api.key OPENAI_API_KEY AWS_SECRET_ACCESS_KEY " +
			"private_key sshKey sessionKey appKey licenseKey SMTP_PASS NEXT_PUBLIC_API_KEY token_value",
		Weak:    "OPENAI_KEY openaiKey SUPABASE_SERVICE_ROLE_KEY projectKey door-keys",
		Unknown: " tokens maxTokens MAX_TOKENS nextPageToken page_token progressToken sortKey primaryKey PRIMARY_KEY object_key keyboard keys monkey secretary tokenize pass bypass patch author",
		Never: "TOKEN_FILE TOKEN_LIMIT API_KEY_HEADER token_type tokenUsage PASSWORD_STORE_DIR password-file CLIENT_ID AWS_ACCESS_KEY_ID SECRET_NAME publicKey SSH_PUBLIC_KEY " +
			"STRIPE_PUBLISHABLE_KEY publicToken authorizationUrl path",
	} {
		for _, name := range strings.Split(names, " ") {
			if got := Judge(name); got != grade {
				t.Errorf("Judge(%q) is %d, want %d", name, got, grade)
			}
			if got := Sure(name); got != (grade >= Strong) {
				t.Errorf("Sure(%q) is %v", name, got)
			}
		}
	}
}

// TestSure: no name is passed over that has one of the words.
func TestSure(t *testing.T) {
	for _, word := range slices.Concat(passwordWords, secretWords) {
		if !Sure(word) || !Sure("my_"+strings.ToUpper(word)) {
			t.Errorf("%s is passed over", word)
		}
	}
	for _, word := range secretKeys {
		if !Sure(word + "Key") {
			t.Errorf("%sKey is passed over", word)
		}
	}
}

func TestWords(t *testing.T) {
	for _, name := range []string{"API_KEY", "apiKey", "api-key", "APIKey2", "Api.Key", "api key", "_api__key_3"} {
		if got := Words(name); !slices.Equal(got, []string{"api", "key"}) {
			t.Errorf("Words(%q) is %q", name, got)
		}
	}
	if got := Words("12 - _"); len(got) != 0 {
		t.Errorf("no words are %q", got)
	}
}
