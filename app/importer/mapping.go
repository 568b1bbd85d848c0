package importer

import (
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
		"first_name": "firstname first fname givenname forename prenom vorname nombre nombres primernombre nome primeironome imie fornamn etunimi voornaam contactfirstname имя",
		"last_name":  "lastname last lname surname familyname nom nomdefamille nachname familienname apellido apellidos cognome sobrenome ultimonome nazwisko efternamn sukunimi achternaam contactlastname soyad soyadi фамилия",
		"email":      "email emailaddress emailadress mail mailaddress emails emailid useremail customeremail contactemail primaryemail correo correoelectronico courriel adresseemail adressemail emailadresse epost eposta posta emaildirecciondecorreo enderecodeemail электроннаяпочта",
		"number":     "phone phonenumber phoneno mobile mobilephone mobilenumber mobileno cell cellphone cellnumber sms telephone telephonenumber tel telefon telefonnummer telefono telefone telefoon handy handynummer celular movil portable numerodetelephone gsm msisdn whatsapp whatsappnumber number contactnumber primaryphone телефон",
		"created_at": "createdat datecreated created createdate createddate createdutc createdatutc createdon creationdate signupdate signedup signedupat signup registered registeredat registrationdate dateregistered datejoined joined joinedat joindate joiningdate membersince customersince optintime addedtime dateadded addedat subscribedat subscriptiondate datedinscription dateinscription fechaderegistro fechadealta erstelltam anmeldedatum datadecadastro datacriacao",
		toFullName:   "name fullname displayname nomcomplet nombrecompleto nomecompleto vollername vollstandigername customername subscribername adsoyad adisoyadi фио",
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
