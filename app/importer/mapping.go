package importer

import (
	"strconv"
	"strings"
	"unicode"

	"kith/app"

	"golang.org/x/text/unicode/norm"
)

// What a column may become beside attributes.
const (
	toUID      = "uid"
	toFullName = "full_name"
	toDevice   = "device_token"
	toPlatform = "device_platform"
)

// headerNames says which standard attribute the header of a column means, without case,
// accents and punctuation: as Mailchimp, Brevo, HubSpot, Stripe, Shopify, ActiveCampaign
// and others write them, in the languages that such files come in.
var headerNames = namesByHeader()

func namesByHeader() map[string]string {
	m := map[string]string{}
	for to, names := range map[string]string{
		"first_name": "firstname first fname givenname forename prenom vorname nombre nombres primernombre nome primeironome imie fornamn etunimi voornaam contactfirstname",
		"last_name":  "lastname last lname surname familyname nom nomdefamille nachname familienname apellido apellidos cognome sobrenome ultimonome nazwisko efternamn sukunimi achternaam contactlastname",
		"email":      "email emailaddress emailadress mail mailaddress emails emailid useremail customeremail contactemail primaryemail correo correoelectronico courriel adresseemail adressemail emailadresse epost eposta posta emaildirecciondecorreo enderecodeemail",
		"number":     "phone phonenumber phoneno mobile mobilephone mobilenumber mobileno cell cellphone cellnumber sms telephone telephonenumber tel telefon telefonnummer telefono telefone telefoon handy handynummer celular movil portable numerodetelephone gsm msisdn whatsapp whatsappnumber number contactnumber primaryphone",
		"created_at": "createdat datecreated created createdate createddate createdutc createdatutc createdon creationdate signupdate signedup signedupat signup registered registeredat registrationdate dateregistered datejoined joined joinedat joindate joiningdate membersince customersince optintime addedtime dateadded addedat subscribedat subscriptiondate datedinscription dateinscription fechaderegistro fechadealta erstelltam anmeldedatum datadecadastro datacriacao",
		toFullName:   "name fullname displayname nomcomplet nombrecompleto nomecompleto vollername vollstandigername",
		toUID:        "id uid userid useruid customerid customeruid customerkey customerno customernumber customercode customerref clientid clientno clientnumber memberid contactid subscriberid personid profileid externalid externaluserid accountid accountno accountnumber kundennummer kundennr kundenid idcliente clienteid codigocliente numeroclient numclient idclient idutente klantnummer recordid leid",
		toDevice:     "devicetoken pushtoken",
		toPlatform:   "deviceplatform",
	} {
		for _, n := range strings.Fields(names) {
			m[n] = to
		}
	}
	return m
}

// textHeaders are headers of what is written in digits and is no number.
var textHeaders = map[string]bool{
	"zip": true, "zipcode": true, "postal": true, "postalcode": true, "postcode": true, "plz": true, "postleitzahl": true, "codepostal": true,
	"codigopostal": true, "cep": true, "cap": true, "phone": true, "phonenumber": true, "mobile": true, "fax": true, "telephone": true, "tel": true,
	"sms": true, "telefon": true, "telefono": true, "celular": true, "iban": true, "ssn": true, "barcode": true, "ean": true, "sku": true,
}

func normHeader(header string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(header)) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// idRank orders the columns that may be the id, best first; 0 is none.
func idRank(header string) int {
	n := normHeader(header)
	if headerNames[n] != toUID {
		return 0
	}
	for i, best := range []string{"uid", "userid", "customerid", "customerkey", "id"} {
		if n == best {
			return i + 1
		}
	}
	return 10
}

// reserved are names that the User object has for something else, so that a custom
// attribute of that name could not be told from it.
var reserved = map[string]bool{
	"id": true, "uid": true, "meta": true, "lists": true, "accounts": true, "segments": true, "devices": true, "is_account": true, "archived": true,
	"uid_updateable": true, "last_interaction": true, "member_count": true, "stats": true, toFullName: true, toDevice: true, toPlatform: true,
}

func isStandard(name string) bool {
	for _, s := range app.StandardAttributes {
		if s == name {
			return true
		}
	}
	return false
}

// headersOf names the columns: blank headers by their place, repeated ones with a number.
func headersOf(cells [][]byte, header bool, columns int) []string {
	out := make([]string, max(columns, len(cells)))
	given := map[string]bool{}
	for i := range out {
		if header && i < len(cells) {
			given[strings.TrimSpace(string(cells[i]))] = true
		}
	}
	used := map[string]bool{}
	for i := range out {
		name := ""
		if header && i < len(cells) {
			name = strings.TrimSpace(strings.Map(func(r rune) rune {
				if unicode.IsControl(r) {
					return ' '
				}
				return r
			}, strings.ToValidUTF8(string(cells[i]), "\ufffd")))
			if runes := []rune(name); len(runes) > app.MaxName-8 {
				name = string(runes[:app.MaxName-8])
			}
		}
		if name == "" {
			name = "column_" + strconv.Itoa(i+1)
		}
		base := name
		for n := 2; used[name]; n++ {
			name = base + "_" + strconv.Itoa(n)
			for given[name] {
				n++
				name = base + "_" + strconv.Itoa(n)
			}
		}
		used[name] = true
		out[i] = name
	}
	return out
}

// looksLikeHeader says whether the first row names the columns, and why.
func looksLikeHeader(first [][]byte) (bool, string) {
	for _, c := range first {
		if to := headerNames[normHeader(string(c))]; to != "" {
			return true, "its first line has a name in it that headers have: " + strconv.Quote(strings.TrimSpace(string(c)))
		}
	}
	filled := 0
	for _, c := range first {
		if len(strings.TrimSpace(string(c))) == 0 {
			continue
		}
		filled++
		if kindOf(c) != kindText {
			return false, "its first line has a value in it that no header has: a number, a date, or true or false"
		}
		if _, err := app.CheckEmail(string(c)); err == nil {
			return false, "its first line has an address in it"
		}
	}
	return filled > 0, "its first line holds words only"
}
