"""What is printed beside the values, per language. `{tax}`, `{rate}`, `{n}` are filled in by the caller."""

# ruff: noqa: E501 - tables, one line a key

Words = dict[str, list[str]]


def _table(text: str) -> Words:
    """One line a key: `key: wording | wording | …`."""
    rows = (line.split(":", 1) for line in text.strip().splitlines())
    return {key.strip(): [word.strip().replace("¦", ":") for word in words.split("|")] for key, words in rows}


_EN = _table("""
title: Invoice | Tax Invoice | Sales Invoice | Commercial Invoice | Bill | Simplified Tax Invoice | Cash Bill | VAT Invoice | Service Invoice
receipt_title: Tax Invoice | Receipt | Cash Receipt | Official Receipt | Sales Receipt | Cash Sales | Bill | Invoice | Simplified Invoice | Guest Check | Customer Receipt
reminder_title: Payment Reminder | Reminder | Second Reminder | Overdue Notice | Final Notice
credit_title: Credit Note | Credit Memo | Refund Note | Credit Invoice
invoice_no: Invoice No | Invoice No. | Invoice Number | Invoice # | Inv. No | Inv No | Invoice | No. | Document No | Doc No. | Invoice ID | Ref. No | Reference | Bill Number | Our Ref
receipt_no: Receipt No | Receipt # | Bill No | Bill # | Invoice No | Inv No | Inv. # | Doc No. | Check # | Rcpt | Receipt Number | Slip No. | Order # | Chk | Ticket | Document No | Invoice | CS No | Bill
credit_no: Credit Note No. | Credit Note # | Credit Memo No | CN No. | Credit No
invoice_date: Date | Invoice Date | Date of Issue | Issue Date | Issued | Date Issued | Document Date | Billing Date | Inv. Date | Dated | Tax Point | Bill Date
date: Date | Date | Date | Trans. Date | Printed on | Bill Date | Dt | Invoice Date | Business Date | Date/Time | Sales Date
time: Time | Tm | Time In | Printed at
due_date: Due Date | Payment Due | Due | Pay By | Due on | Date Due | Payable by | Please pay before
order_date: Order Date | Ordered | PO Date | Date of Order
delivery_date: Delivery Date | Date of Supply | Shipped | Ship Date | Delivered on | Service Period | Despatch Date
purchase_order: PO Number | PO No. | P.O. # | Purchase Order | Your Order | Customer PO | Order Ref. | Your Ref | PO | Customer Order No
customer_no: Customer No. | Customer ID | Account No | Account Number | A/C No | Client No. | Cust. Code | Debtor Code | Member No
delivery_no: Delivery Note | D/O No. | DO No | Shipment No | Packing Slip | Job No | Quote No. | Project
sales: Salesperson | Sales Rep | Served by | Contact | Prepared by | Your contact
cashier: Cashier | Served By | Server | Staff | User | Operator | Waiter | Clerk | Salesperson | Sales Person
table: Table | Tbl | Table No. | Tbl No | Cover | Pax | Guests
till: Counter | Till | POS | Terminal | Reg | Station | Lane | POS No | Workstation
trans: Trans | Trans # | Txn | TRX ID | Seq No | Tran. ID | Ref | Batch
terms: Terms | Payment Terms | Term
terms_value: Net 30 | 30 days | Net 14 days | COD | C.O.D. | Cash | Due on receipt | 60 Days | 7 days net | Prepaid
seller_tax_id: {tax} No | {tax} ID | {tax} Reg No | {tax} Reg. No. | {tax} Registration No | Tax ID | Tax Reg. | {tax} Number | Tax No. | {tax} ID No | Our {tax} no.
buyer_tax_id: Customer {tax} No. | {tax} ID | Your {tax} no. | Tax ID | {tax} Reg No | {tax} No
reg: Company No. | Reg. No. | Co. Reg. | Registration
bill_to: Bill To | Billed To | Invoice To | Sold To | Customer | To | Bill to address | Invoiced to | Client | Buyer | Attention | Messrs | Invoice address | Billing Address
ship_to: Ship To | Deliver To | Delivery Address | Shipping Address | Site
from: From | Seller | Supplier | Vendor | Issued by | Sold by | Remit to | Payee | Provider
currency: Currency | Currency Code | Curr. | Invoice currency | All amounts in
net: Subtotal | Sub Total | Sub-Total | Net | Net Amount | Net Total | Total excl. {tax} | Total (Excl. {tax}) | Amount before tax | Taxable Amount | Total before {tax} | Goods Total | Total Excluding {tax} | Net value
tax: {tax} | {tax} {rate}% | {tax} ({rate}%) | Total {tax} | {tax} @ {rate}% | {tax} Amount | Add {tax} {rate}% | Tax | {tax} payable | plus {tax} {rate} % | Total Tax
total: Total | Grand Total | Total Due | Amount Due | Total Amount | Invoice Total | Total Payable | Balance Due | Total incl. {tax} | Total (Incl. {tax}) | Amount Payable | TOTAL {cur} | Total Amount Due | Gross Total | Total to pay | Gross amount
receipt_total: Total | Total | TOTAL | Grand Total | Total Amount | Net Total | Nett Total | Total Due | Amount Due | Total (Incl. {tax}) | Total Incl {tax} | Total Sales (Inclusive of {tax}) | Total Payable | Total {cur} | Amt Due | Balance Due | To Pay | Total Inclusive {tax} | Nett | Bill Total | Total Sales | Final Total | Payable Amount
credit_total: Total Credit | Credit Total | Total | Amount Credited | Total Refund
before_round: Total | Total incl. {tax} | Total Amount | Sub Total | Total Sales | Total before rounding
after_round: Total Rounded | Rounded Total | Total After Rounding | Net Total | Total Payable | Amount Due | Total after adj. | Grand Total | Total | Nett Amt
rounding: Rounding | Rounding Adj | Rounding Adjustment | Round Adj. | Rnd | Bill Rounding | Round Off
discount: Discount | Less Discount | Total Discount | Disc | Promotion | Voucher | Member saving | You saved
shipping: Shipping | Freight | Delivery charge | Postage & Packing | Handling
service: Service Charge {n}% | Svc Chg {n}% | Service Charge | S. Charge ({n}%) | Svc {n}%
paid: Amount Paid | Paid | Deposit | Less payments | Payment received
cash: Cash | Cash Tendered | CASH | Payment | Tendered | Paid | Amount Tendered | Cash Received | Amt Paid | Payment (Cash) | Received
card: Visa | Master Card | Credit Card | Debit Card | MasterCard | Amex | Card | E-Wallet | NETS | Visa Card
change: Change | Change Due | CHANGE | Balance | Change Amt | Cash Change | Change given
qty_total: Total Qty | Total Quantity | Items | Item Count | No. of Items | Total Item(s) | Qty Sold | Total Items | Item(s) | Total Qty Sold
tax_table: Tax Summary | {tax} Summary | {tax} Analysis | Tax Breakdown | VAT Analysis
tax_cols: Code,Rate,Net,Tax | Tax,Amount,Tax Amt | Rate,Taxable,{tax} | {tax} code,^%,Amt,Tax | Type,Net,{tax},Gross
phone: Tel | Tel. | Phone | T | Telephone | Ph | Call | Hotline | H/P
fax: Fax | F | Fax No. | Facsimile
mail: Email | E-mail | E | Mail
iban: IBAN | Account | Bank IBAN | IBAN No.
bic: BIC | SWIFT | SWIFT/BIC | BIC/SWIFT
bank: Bank | Bank name | Banker | Bank details
account: Account No | Acc. No. | A/C No. | Sort code
page: Page {a} of {b} | Page {a}/{b} | Page¦ {a} | {a}/{b} | p. {a}
carried: Carried forward | Subtotal page | Carry over | c/f
brought: Brought forward | b/f | Balance b/f
col_pos: # | No | Item | Line | Pos
col_code: Code | SKU | Item No. | Article | Product Code | Stock Code | Part No
col_desc: Description | Item | Product | Details | Particulars | Item Description | Goods / Services | Item Name
col_qty: Qty | Quantity | Qty. | Units | Hours | QTY
col_unit: Unit | UOM | U/M
col_price: Price | Unit Price | Rate | U.Price | Unit cost | Each | U/P
col_rate: {tax} % | Tax | {tax} rate | Tax %
col_amount: Amount | Total | Line Total | Amount ({cur}) | Net | Total ({cur}) | Ext. Price | Amt | Value
pay_text: Please pay {total} by {due}. | Payment is due by {due} | Please transfer the amount due to the account below | Kindly quote the invoice number with your payment | Interest is charged on late payment | Please make cheques payable to {seller}
thanks: Thank you | Thank you for your business | Thank you, please come again | Have a nice day | Thanks for shopping with us | See you again soon | Thank you for visiting | We appreciate your custom | THANK YOU!! | Thank you for dining with us | Please visit again
policy: Opening hours %am - %pm | Branch¦ <inv> | A member of the <inv> group | Goods once sold cannot be exchanged | Exchange within % days with this receipt | Please keep this receipt for your records | Prices include {tax} where applicable | E. & O.E. | No refund on sale items | This is a computer generated document | No signature required | Terms and conditions apply | Please check your change before leaving | Free delivery for orders above ## | Follow us on social media | Customer copy | Merchant copy | Wifi password @@####@@ | Loyalty points earned ## | Opening hours 9am - 9pm daily | Tell us what you think at survey.example
junk: ***** COPY ***** | <first> <surname> | <surname> <inv> <inv> | <inv> Branch | DUPLICATE | Original | Paid | Customer Copy | -- REPRINT -- | Welcome | Welcome to our store | Est. 19## | %.% | 0## | Tax Payer Copy | ORIGINAL FOR RECIPIENT | @@ ## | Your trusted partner since 19##
exempt: ZRL | SR | S | T | ZR | * | A | TX | Z
copies: Copy | Original
pump: Pump | Pump No. | Nozzle
litres: Litres | Volume | Ltr | L
fuel: Unleaded 95 | Diesel | Premium 97 | RON 95 | E10 | Super | Euro 5 Diesel
per_litre: Price/L | Price per litre | Per Ltr | Unit Price
account_summary: Account summary | Bill summary | Your account at a glance | Invoice Summary | Summary of charges
previous: Previous balance | Opening balance | Last bill | Payments received
period: Billing period | Statement period | Service period | For the period
seller_head: Seller | Supplier details | Vendor information
buyer_head: Buyer | Customer details | Bill-to party
name: Name | Company | Company name
address: Address | Street address | Postal address
number_sentence: {title} {no} dated {date} | {title} No. {no} of {date} | {title} ^#{no} / {date}
against: Original invoice | Against invoice | Ref. invoice no. | Credit for invoice
notes: Goods remain our property until paid in full. | Delivery was made free of defects. | Our reference must be quoted in all correspondence. | All services rendered as agreed.
reminder_opening: Our records show that the amount below has not reached us. | The invoice below is overdue; please pay it within ## days. | If your payment has crossed this letter, please disregard it. | This is our last reminder before we hand the claim over. | Perhaps it slipped your attention: the items below are still unpaid.
opening: Dear customer, | Dear Sir or Madam, | for the work carried out at your premises we charge the following. | Thank you for your order, which we delivered in full. | We are pleased to invoice the items below, as agreed with your colleague <first> <surname>. | This invoice covers everything supplied since our last statement. | Please find below the details of the services that were used in the period shown.
closing: Goods stay the property of the seller until every open item has been settled. | If anything on this invoice is unclear, please contact our accounts team within ## days and have the number at hand. | Late payments may be subject to interest at the statutory rate and to a fee for each reminder. | Complaints about visible damage can be accepted only in writing and within % working days of delivery. | This document was produced by a computer and is valid without a signature. | Our general terms and conditions, which can be read on our website, apply to all deliveries and services. | Bank charges outside our country are borne by the customer - please instruct your bank accordingly. | We look forward to working with you again. | Records of this supply are kept for %# years as the law requires. | Yours faithfully, <first> <surname>
detail: incl. mounting and disposal of the old part | batch ####, best before ##/## | as discussed on site - see report | colour <inv> / finish as sample | serial no. @@####### | period of use¦ one month, billed in advance | delivered free to the place of use | on behalf of <first> <surname>
""")

_DE = _table("""
title: Rechnung | RECHNUNG | Handelsrechnung | Faktura | Verkaufsrechnung | Rechnung / Lieferschein
receipt_title: Kassenbon | Rechnung | Quittung | Beleg | Bon | Kassenbeleg | Bewirtungsbeleg
reminder_title: Mahnung | Zahlungserinnerung | 2. Mahnung | Letzte Mahnung
credit_title: Gutschrift | Rechnungskorrektur | Storno-Rechnung | Kaufmännische Gutschrift
invoice_no: Rechnungsnummer | Rechnungsnr. | Rechnung Nr. | Rechnungs-Nr. | Rg.-Nr. | Belegnummer | Nr. | Re.-Nr. | Beleg-Nr. | Rechnung-Nr. | Belegnr. | Dokument-Nr.
receipt_no: Bon-Nr. | Beleg-Nr. | Bonnummer | Belegnr. | Rechnung Nr. | RG-Nr. | Bon | Quittungs-Nr.
credit_no: Gutschrift Nr. | Gutschriftsnummer | Gutschrift-Nr. | Korrektur Nr.
invoice_date: Datum | Rechnungsdatum | Rg.-Datum | Belegdatum | vom | Ausstellungsdatum | Rechnungs-Datum | Re.-Datum
date: Datum | Datum | Belegdatum | Bondatum | Dat.
time: Uhrzeit | Zeit | Uhr
due_date: Fällig am | Fälligkeit | Zahlbar bis | Zahlungsziel | Fälligkeitsdatum | Bitte zahlen bis | zu zahlen bis
order_date: Bestelldatum | Auftragsdatum | Bestellt am
delivery_date: Lieferdatum | Leistungsdatum | Liefer- und Leistungsdatum | Leistungszeitraum | Versanddatum | Geliefert am
purchase_order: Bestellnummer | Ihre Bestellung | Bestell-Nr. | Ihre Bestellnr. | Bestellung | Auftragsnummer des Kunden | Ihr Auftrag
customer_no: Kundennummer | Kunden-Nr. | Kundennr. | Kd.-Nr. | Debitor | Ihre Kundennummer
delivery_no: Lieferschein | Lieferschein-Nr. | Auftrag | Auftragsnr. | Projekt | Angebot Nr. | Vorgang
sales: Sachbearbeiter | Ansprechpartner | Bearbeiter | Ihr Ansprechpartner | Verkäufer
cashier: Kassierer | Bedienung | Es bediente Sie | Kasse | Bediener
table: Tisch | Tisch Nr. | Gäste
till: Kasse | Kassen-Nr. | Terminal | Filiale | Markt
trans: TA-Nr. | Trace-Nr. | Transaktion | Vorgang-Nr. | TSE-Nr.
terms: Zahlungsbedingungen | Zahlungsart | Zahlung
terms_value: 14 Tage netto | 30 Tage netto | sofort ohne Abzug | Überweisung | Lastschrift | 10 Tage 2^% Skonto | Bar | Vorkasse
seller_tax_id: USt-IdNr. | USt.-Id.-Nr. | USt-ID | UID | UStId | Umsatzsteuer-ID | USt-Id-Nr. | UST-IDNR
steuer: Steuernummer | Steuer-Nr. | St.-Nr. | StNr
buyer_tax_id: Ihre USt-IdNr. | USt-ID Kunde | USt-IdNr. | Ihre UID | USt.-Id.-Nr.
reg: Registergericht | HR-Nr. | Handelsregister
bill_to: Rechnungsempfänger | Rechnungsadresse | Kunde | An | Käufer | Rechnung an | Leistungsempfänger | Auftraggeber | Rechnungsanschrift | Firma
ship_to: Lieferadresse | Lieferanschrift | Warenempfänger | Lieferung an
from: Verkäufer | Lieferant | Absender | Rechnungssteller | Aussteller | Von
currency: Währung | Rechnungswährung | Alle Beträge in
net: Zwischensumme | Nettobetrag | Netto | Summe netto | Gesamt netto | Warenwert | Nettosumme | Summe ohne {tax} | Rechnungsbetrag netto | Gesamtbetrag netto | Summe
tax: {tax} | {tax} {rate}% | zzgl. {rate}% {tax} | {rate} % {tax} | Steuerbetrag | zzgl. {tax} {rate} % | {tax}-Betrag | Steuer | Gesamt {tax}
total: Gesamtbetrag | Rechnungsbetrag | Gesamt | Endbetrag | Summe | Bruttobetrag | Gesamtsumme | Zahlbetrag | Zu zahlen | Gesamtbetrag brutto | Rechnungssumme | Gesamt {cur} | Bruttosumme | Endsumme | Fälliger Betrag
receipt_total: Summe | SUMME | Gesamt | Total | Zu zahlen | Gesamtbetrag | Summe {cur} | Endbetrag | Betrag | Zahlbetrag
credit_total: Gutschriftsbetrag | Gesamtbetrag | Gutschrift gesamt | Erstattungsbetrag | Summe
before_round: Summe | Zwischensumme | Total
after_round: Zu zahlen | Total gerundet | Gesamt
rounding: Rundung | Rundungsdifferenz
discount: Rabatt | Nachlass | abzgl. Rabatt | Skonto | Treuerabatt
shipping: Versand | Versandkosten | Fracht | Porto und Verpackung
service: Bedienung {n}% | Trinkgeld
paid: Anzahlung | Bereits bezahlt | abzgl. Anzahlung
cash: Bar | BAR | Gegeben | Gegeben BAR | Bargeld | Erhalten
card: EC-Karte | Girocard | Kreditkarte | VISA | Mastercard | Kartenzahlung
change: Rückgeld | Zurück | Wechselgeld | Rückgeld BAR
qty_total: Anzahl Artikel | Positionen | Artikel | Stück gesamt
tax_table: Steueraufstellung | Enthaltene {tax} | {tax} Aufschlüsselung
tax_cols: Satz,Netto,{tax},Brutto | {tax}^%,Netto,Steuer | Steuer ^%,Netto,Steuer,Brutto
phone: Tel. | Telefon | Tel | Fon
fax: Fax | Telefax
mail: E-Mail | Mail | eMail
iban: IBAN | IBAN | Konto (IBAN)
bic: BIC | SWIFT-BIC | SWIFT
bank: Bank | Bankverbindung | Kreditinstitut
account: Kontonummer | Kto.-Nr. | BLZ
page: Seite {a} von {b} | Seite {a}/{b} | Seite {a} | Blatt {a}
carried: Übertrag | Zwischensumme Seite | Seitensumme
brought: Übertrag von Vorseite | Übertrag
col_pos: Pos. | Pos | Nr. | Position
col_code: Art.-Nr. | Artikelnr. | Artikel | Artikelnummer
col_desc: Bezeichnung | Beschreibung | Artikelbezeichnung | Leistung | Text | Produkt
col_qty: Menge | Anzahl | Stück | Mge.
col_unit: Einheit | ME | Einh.
col_price: Einzelpreis | Preis | E-Preis | EP | Einzel | Preis/Einheit
col_rate: {tax} | USt % | Steuer | MwSt %
col_amount: Gesamt | Betrag | Gesamtpreis | Summe | GP | Betrag {cur} | Gesamt {cur}
pay_text: Bitte überweisen Sie den Betrag bis zum {due}. | Zahlbar sofort ohne Abzug. | Bitte überweisen Sie {total} auf unser Konto | Zahlbar innerhalb von 14 Tagen netto | Bei Zahlung bitte Rechnungsnummer angeben
thanks: Vielen Dank für Ihren Einkauf | Vielen Dank für Ihren Auftrag | Danke für Ihren Besuch | Auf Wiedersehen | Vielen Dank und einen schönen Tag
policy: Umtausch nur mit Bon innerhalb von %# Tagen | Es gelten unsere AGB | Die Ware bleibt bis zur vollständigen Bezahlung unser Eigentum | Öffnungszeiten Mo-Sa 8-20 Uhr | Gerichtsstand ist der Sitz der Firma | Angaben zur Bewirtung | Alle Preise inkl. gesetzl. {tax}
junk: Kundenbeleg | Kopie | Original | Händlerbeleg | DUPLIKAT | Herzlich willkommen | Seit 19##
exempt: A | B | A* | 1 | 2
copies: Kopie | Original
pump: Säule | Zapfsäule | Zapfpunkt
litres: Liter | Menge
fuel: Super E10 | Diesel | Super 95 | Super Plus
per_litre: EUR/Liter | Preis/Liter
account_summary: Rechnungsübersicht | Ihre Rechnung im Überblick | Zusammenfassung
previous: Saldo Vormonat | Letzte Rechnung | Zahlungseingänge
period: Abrechnungszeitraum | Leistungszeitraum | Zeitraum
seller_head: Verkäufer | Angaben zum Lieferanten
buyer_head: Käufer | Angaben zum Kunden
name: Name | Firma
address: Anschrift | Adresse | Straße/Ort
number_sentence: {title} Nr. {no} vom {date} | {title} {no} vom {date} | {title} Nr. {no} / Datum¦ {date}
against: zu Rechnung Nr. | Ursprungsrechnung | Bezug Rechnung
notes: Die gelieferte Ware bleibt unser Eigentum. | Leistung entsprechend Angebot. | Geschäftsführer¦ Max Beispiel | Wir bedanken uns für die gute Zusammenarbeit.
reminder_opening: zu unserer Rechnung konnten wir bisher keinen Zahlungseingang feststellen. | der untenstehende Betrag ist überfällig; bitte überweisen Sie ihn innerhalb von ## Tagen. | sollte sich Ihre Zahlung mit diesem Schreiben überschnitten haben, betrachten Sie es als gegenstandslos. | dies ist unsere letzte Erinnerung vor der Abgabe an ein Inkassobüro.
opening: Sehr geehrte Damen und Herren, | Guten Tag, | für die ausgeführten Arbeiten erlauben wir uns wie folgt zu berechnen. | wir danken für den Auftrag und stellen die gelieferten Artikel in Rechnung. | nachstehend erhalten Sie die Aufstellung der im genannten Zeitraum erbrachten Leistungen. | wie mit <first> <surname> besprochen, rechnen wir die vereinbarten Positionen ab. | Grundlage dieser Abrechnung ist unser Angebot, das Sie uns schriftlich bestätigt haben.
closing: Bis zur vollständigen Begleichung aller offenen Posten bleibt die Ware im Eigentum des Verkäufers. | Haben Sie Fragen zu dieser Abrechnung, so wenden Sie sich bitte innerhalb von ## Tagen an unsere Buchhaltung. | Bei verspäteter Zahlung behalten wir uns vor, Zinsen in gesetzlicher Höhe und Mahngebühren zu berechnen. | Sichtbare Schäden sind spätestens % Werktage nach Erhalt schriftlich anzuzeigen. | Dieses Schreiben wurde maschinell erstellt und gilt auch ohne Unterschrift. | Es gelten unsere allgemeinen Geschäftsbedingungen, die Sie auf unserer Seite im Netz einsehen können. | Der Tag der Lieferung entspricht, soweit nicht anders angegeben, dem Tag dieses Belegs. | Auf weitere gute Zusammenarbeit freuen wir uns. | Belege sind %# Jahre lang aufzubewahren - auch von privaten Auftraggebern, soweit es das Gesetz verlangt. | Mit freundlichen Grüßen <first> <surname>
detail: inkl. Einbau und Entsorgung der alten Teile | Charge ####, haltbar bis ##/## | nach Absprache vor Ort - siehe Bericht | Ausführung wie Muster, Farbe <inv> | Seriennr. @@####### | Laufzeit ein Monat, im Voraus berechnet | frei Verwendungsstelle geliefert | im Auftrag von <first> <surname>
""")

_FR = _table("""
title: Facture | FACTURE | Facture de vente | Facture client
receipt_title: Ticket | Ticket de caisse | Reçu | Note | Facture
reminder_title: Rappel de paiement | Relance | Deuxième rappel | Mise en demeure
credit_title: Avoir | Note de crédit | Facture d'avoir
invoice_no: Facture n° | N° de facture | Numéro de facture | Facture N° | Numéro | N° facture | Réf. facture | N° | Facture numéro
receipt_no: Ticket n° | N° ticket | Note n° | Ticket | Facture n°
credit_no: Avoir n° | N° d'avoir | Note de crédit n°
invoice_date: Date | Date de facture | Date facture | Date d'émission | Émise le | Date de facturation | Le | En date du
date: Date | Le | Date
time: Heure | à
due_date: Échéance | Date d'échéance | À payer avant le | Date limite de paiement | Payable le
order_date: Date de commande | Commandé le
delivery_date: Date de livraison | Livré le | Date de prestation | Période
purchase_order: Commande n° | Bon de commande | Votre commande | N° de commande | Votre réf. | Réf. commande
customer_no: N° client | Code client | Client n° | Compte client | Référence client
delivery_no: Bon de livraison | BL n° | Devis n° | Dossier | Affaire
sales: Contact | Votre interlocuteur | Commercial | Vendeur
cashier: Caissier | Serveur | Hôte | Vendeur
table: Table | Couverts
till: Caisse | Terminal | Magasin
trans: Transaction | Trans. n°
terms: Conditions de paiement | Règlement | Mode de règlement
terms_value: 30 jours | 30 jours fin de mois | Virement | Comptant | à réception | Chèque | 45 jours
seller_tax_id: N° TVA | TVA intracommunautaire | N° TVA intracom. | TVA | N° de TVA | Id. TVA | TVA Intra
buyer_tax_id: TVA client | N° TVA client | Votre n° TVA | TVA intracommunautaire
reg: SIRET | RCS
bill_to: Facturé à | Client | Adresse de facturation | Destinataire | À l'attention de | Acheteur | Facturer à
ship_to: Livré à | Adresse de livraison | Lieu de livraison
from: Vendeur | Émetteur | Fournisseur | De
currency: Devise | Monnaie | Montants en
net: Total HT | Montant HT | Sous-total | Total hors taxe | Net HT | Sous-total HT | Base HT | Total H.T.
tax: {tax} | {tax} {rate}% | {tax} {rate} % | Montant {tax} | Total {tax} | {tax} ({rate}%)
total: Total TTC | Montant TTC | Net à payer | Total à payer | Total | Montant total | Total T.T.C. | À payer | Total TTC {cur} | Montant dû
receipt_total: Total | TOTAL | Total TTC | Net à payer | A payer | Montant
credit_total: Total avoir | Montant de l'avoir | Total TTC
before_round: Total | Sous-total
after_round: Net à payer | Total arrondi
rounding: Arrondi
discount: Remise | Escompte | Réduction
shipping: Port | Frais de port | Livraison
service: Service {n}% | Service
paid: Acompte | Déjà réglé | Acompte versé
cash: Espèces | Reçu | Rendu sur
card: Carte bancaire | CB | Visa | Carte bleue
change: Rendu | Monnaie | A rendre
qty_total: Nb articles | Articles | Nombre d'articles
tax_table: Détail {tax} | Récapitulatif {tax}
tax_cols: Taux,Base HT,{tax} | {tax} ^%,HT,{tax},TTC
phone: Tél. | Tél | Téléphone | Tel
fax: Fax | Télécopie
mail: E-mail | Courriel | Mail
iban: IBAN | IBAN
bic: BIC | SWIFT | Code BIC
bank: Banque | Domiciliation
account: Compte | RIB
page: Page {a} sur {b} | Page {a}/{b} | Page {a}
carried: À reporter | Sous-total page
brought: Report
col_pos: N° | Pos. | Ligne
col_code: Réf. | Référence | Code
col_desc: Désignation | Description | Libellé | Article | Prestation
col_qty: Qté | Quantité | Qte
col_unit: Unité | U.
col_price: Prix unitaire | P.U. HT | PU | Prix | Prix unitaire HT
col_rate: {tax} | Taux | {tax} %
col_amount: Montant | Total | Montant HT | Total HT | Montant {cur}
pay_text: Merci de régler {total} avant le {due} | Payable par virement | Règlement à réception de facture | Pénalités de retard¦ 3 fois le taux légal
thanks: Merci de votre visite | Merci de votre confiance | À bientôt | Merci et à bientôt
policy: Aucun escompte pour paiement anticipé | Échange sous %# jours avec ticket | Prix TTC service compris | Indemnité forfaitaire de recouvrement 40 € | Ouvert du lundi au samedi
junk: Duplicata | Original | Bienvenue | Copie client | Depuis 19##
exempt: A | B | T1 | 1 | 2
copies: Copie | Original
pump: Pompe
litres: Litres | Volume
fuel: Gazole | SP95-E10 | SP98
per_litre: Prix/L | €/L
account_summary: Résumé de votre facture | Synthèse
previous: Solde précédent | Dernière facture | Paiements reçus
period: Période | Période de facturation
seller_head: Vendeur | Fournisseur
buyer_head: Acheteur | Client
name: Nom | Raison sociale
address: Adresse
number_sentence: {title} n° {no} du {date} | {title} {no} du {date}
against: Facture d'origine | Sur facture n°
notes: TVA acquittée sur les encaissements | Marchandise livrée en bon état | Nous restons à votre disposition
reminder_opening: sauf erreur de notre part, la facture ci-dessous reste impayée. | nous vous prions de régler le montant échu sous ## jours. | si votre règlement a croisé ce courrier, veuillez ne pas en tenir compte. | sans paiement de votre part, nous transmettrons le dossier au recouvrement.
opening: Madame, Monsieur, | Bonjour, | nous vous remercions de votre commande et vous prions de trouver ci-dessous le détail des articles livrés. | pour les travaux réalisés dans vos locaux, nous vous facturons ce qui suit. | cette facture reprend les prestations de la période indiquée, selon notre devis accepté. | comme convenu avec <first> <surname>, voici le décompte des prestations.
closing: Les marchandises restent la propriété du vendeur jusqu'au règlement complet de la facture. | Pour toute question, merci de contacter notre service comptable dans les ## jours en rappelant le numéro du document. | Tout retard de paiement entraîne des pénalités au taux légal ainsi qu'une indemnité pour frais de recouvrement. | Les dommages visibles doivent être signalés par écrit sous % jours ouvrés après la livraison. | Document établi par ordinateur - valable sans signature. | Nos conditions générales, consultables sur notre site, s'appliquent à toutes les livraisons. | Pas d'escompte en cas de règlement anticipé. | Nous vous prions d'agréer nos salutations les meilleures. | Pièce à conserver pendant %# ans.
detail: pose et reprise de l'ancien matériel comprises | lot ####, à utiliser avant ##/## | selon échange sur place - voir rapport | teinte <inv>, finition comme l'échantillon | n° de série @@####### | abonnement d'un mois, facturé d'avance | livré franco sur le lieu d'utilisation | à la demande de <first> <surname>
""")

_NL = _table("""
title: Factuur | FACTUUR | Verkoopfactuur | Rekening
receipt_title: Kassabon | Bon | Rekening | Kwitantie
reminder_title: Betalingsherinnering | Aanmaning | Tweede aanmaning
credit_title: Creditnota | Creditfactuur
invoice_no: Factuurnummer | Factuurnr. | Factuur nr. | Nummer | Factuur | Fact.nr. | Documentnummer
receipt_no: Bonnr. | Bon nr. | Bonnummer | Kassabon
credit_no: Creditnota nr. | Creditnummer
invoice_date: Datum | Factuurdatum | Fact.datum | Datum factuur | Uitgegeven op
date: Datum | Datum
time: Tijd
due_date: Vervaldatum | Te betalen voor | Uiterste betaaldatum | Betalen vóór | Vervalt op
order_date: Orderdatum | Besteldatum
delivery_date: Leverdatum | Periode | Geleverd op
purchase_order: Bestelnummer | Uw order | Uw referentie | Ordernummer klant | Inkooporder
customer_no: Klantnummer | Debiteurnr. | Klantnr. | Relatienummer
delivery_no: Pakbon | Ordernr. | Offerte | Project
sales: Contactpersoon | Verkoper | Behandeld door
cashier: Kassier | Medewerker | Bediend door
table: Tafel | Gasten
till: Kassa | Terminal | Filiaal
trans: Transactie | Trans.nr.
terms: Betalingsconditie | Betaling | Betalingstermijn
terms_value: 14 dagen | 30 dagen netto | Automatische incasso | Contant | 8 dagen
seller_tax_id: BTW-nummer | BTW nr. | Btw-nr. | BTW | BTW-ID
buyer_tax_id: Uw BTW-nummer | BTW-nr. klant | BTW-nummer
reg: KvK | Handelsregister
bill_to: Factuuradres | Klant | Aan | Factuur aan | T.a.v. | Afnemer
ship_to: Afleveradres | Bezorgadres
from: Van | Leverancier | Verkoper | Afzender
currency: Valuta | Munteenheid | Bedragen in
net: Subtotaal | Totaal excl. {tax} | Netto | Bedrag excl. {tax} | Nettobedrag | Subtotaal excl. {tax}
tax: {tax} | {tax} {rate}% | {rate}% {tax} | {tax}-bedrag | Totaal {tax} | {tax} ({rate}%)
total: Totaal | Totaal incl. {tax} | Te betalen | Totaalbedrag | Eindtotaal | Factuurbedrag | Totaal te betalen | Totaal {cur}
receipt_total: Totaal | TOTAAL | Te betalen | Totaal {cur} | Totaal incl. {tax}
credit_total: Totaal credit | Creditbedrag | Totaal
before_round: Totaal | Subtotaal
after_round: Te betalen | Totaal afgerond
rounding: Afronding
discount: Korting
shipping: Verzendkosten | Transport
service: Bediening {n}%
paid: Reeds betaald | Aanbetaling
cash: Contant | Ontvangen
card: PIN | Pinbetaling | Creditcard | Maestro
change: Wisselgeld | Terug
qty_total: Aantal artikelen | Artikelen
tax_table: {tax} overzicht | {tax} specificatie
tax_cols: {tax}^%,Grondslag,{tax} | Tarief,Excl.,{tax},Incl.
phone: Tel. | Telefoon | T
fax: Fax
mail: E-mail | Mail
iban: IBAN | Rekeningnummer | Bankrekening
bic: BIC | SWIFT
bank: Bank | t.n.v.
account: Rek.nr.
page: Pagina {a} van {b} | Pagina {a} | Blad {a}
carried: Transporteren | Subtotaal pagina
brought: Transport
col_pos: Nr. | Pos. | Regel
col_code: Artikel | Artikelnr. | Code
col_desc: Omschrijving | Beschrijving | Product
col_qty: Aantal | Aant.
col_unit: Eenheid | Eenh.
col_price: Prijs | Stukprijs | Prijs per stuk | Tarief
col_rate: {tax} | {tax}%
col_amount: Bedrag | Totaal | Totaal {cur} | Bedrag {cur}
pay_text: Gelieve het bedrag van {total} voor {due} over te maken | Betaling binnen 14 dagen | Wij verzoeken u het factuurnummer te vermelden
thanks: Bedankt voor uw bezoek | Dank u wel en tot ziens | Bedankt voor uw bestelling
policy: Ruilen binnen %# dagen met bon | Op al onze leveringen zijn onze voorwaarden van toepassing | Prijzen incl. {tax}
junk: Kopie | Klantenbon | Welkom | Sinds 19##
exempt: H | L | A | B
copies: Kopie | Origineel
pump: Pomp
litres: Liter
fuel: Euro 95 | Diesel
per_litre: Prijs/liter
account_summary: Uw factuur in het kort | Overzicht
previous: Vorig saldo | Vorige factuur | Ontvangen betalingen
period: Periode | Factuurperiode
seller_head: Verkoper | Leverancier
buyer_head: Koper | Klantgegevens
name: Naam | Bedrijfsnaam
address: Adres
number_sentence: {title} {no} d.d. {date} | {title} nr. {no} van {date}
against: Betreft factuur | Oorspronkelijke factuur
notes: Geleverde goederen blijven ons eigendom. | Werkzaamheden uitgevoerd volgens afspraak.
reminder_opening: volgens onze administratie is onderstaande factuur nog niet betaald. | wij verzoeken u het openstaande bedrag binnen ## dagen te voldoen. | heeft u intussen betaald, dan kunt u deze brief als niet verzonden beschouwen. | dit is onze laatste herinnering voordat wij de vordering uit handen geven.
opening: Geachte heer, mevrouw, | Beste klant, | voor de uitgevoerde werkzaamheden brengen wij u het volgende in rekening. | hartelijk dank voor uw bestelling, die wij volledig hebben geleverd. | hieronder vindt u het overzicht van de diensten in de genoemde periode. | zoals besproken met <first> <surname> sturen wij u de afrekening van de afgesproken posten.
closing: De goederen blijven eigendom van de verkoper totdat alle openstaande posten zijn voldaan. | Heeft u vragen over deze afrekening, neem dan binnen ## dagen contact op met onze administratie en houd het nummer bij de hand. | Bij te late betaling kunnen wettelijke rente en kosten voor herinneringen worden berekend. | Zichtbare schade moet binnen % werkdagen na ontvangst schriftelijk worden gemeld. | Dit document is automatisch gemaakt - het is ook zonder handtekening geldig. | Op alle leveringen zijn onze algemene voorwaarden van toepassing, die u op onze website kunt lezen. | Wij kijken uit naar een verdere prettige samenwerking. | Met vriendelijke groet, <first> <surname>
detail: inclusief montage en afvoer van het oude deel | partij ####, houdbaar tot ##/## | volgens afspraak ter plaatse - zie verslag | kleur <inv>, uitvoering als monster | serienr. @@####### | looptijd één maand, vooraf berekend | franco geleverd op de plaats van gebruik | in opdracht van <first> <surname>
""")

_ZH = _table("""
title: 发票 | 商业发票 | 销售发票 | 账单 | 结算单 | 形式发票
receipt_title: 收据 | 小票 | 购物小票 | 结账单 | 销售单 | 收银单
reminder_title: 催款通知 | 付款提醒 | 逾期付款通知
credit_title: 红字发票 | 退款单 | 贷项通知单
invoice_no: 发票号码 | 发票编号 | 单据号 | 编号 | 票据号码 | 发票号 | No.
receipt_no: 单号 | 小票号 | 流水号 | 收据编号 | 票号
credit_no: 红字发票号码 | 贷项单号
invoice_date: 开票日期 | 日期 | 发票日期 | 开具日期 | 制单日期
date: 日期 | 交易日期 | 时间 | 销售日期
time: 时间
due_date: 付款期限 | 到期日 | 付款截止日期 | 应付日期
order_date: 订单日期 | 下单日期
delivery_date: 交货日期 | 发货日期 | 服务期间
purchase_order: 订单号 | 采购订单号 | 合同编号 | 客户订单号
customer_no: 客户编号 | 客户代码 | 会员卡号
delivery_no: 送货单号 | 项目编号 | 运单号
sales: 业务员 | 联系人 | 销售代表
cashier: 收银员 | 服务员 | 营业员 | 操作员
table: 桌号 | 台号 | 人数
till: 收银机 | 机号 | 门店 | POS
trans: 交易号 | 参考号
terms: 付款方式 | 结算方式 | 付款条件
terms_value: 月结30天 | 货到付款 | 银行转账 | 现金 | 款到发货
seller_tax_id: 纳税人识别号 | 税号 | 统一社会信用代码 | 统一社会信用代码/纳税人识别号
buyer_tax_id: 纳税人识别号 | 税号 | 统一社会信用代码/纳税人识别号 | 购方税号
reg: 注册号
bill_to: 购买方 | 客户 | 客户名称 | 付款单位 | 购货单位 | 买方 | 致
ship_to: 收货地址 | 收货单位 | 送货地址
from: 销售方 | 卖方 | 收款单位 | 供应商 | 开票方
currency: 币种 | 货币
net: 合计 | 金额合计 | 不含税金额 | 小计 | 未税金额 | 商品金额
tax: 税额 | 增值税 | 税额合计 | 税金 | 增值税 {rate}%
total: 价税合计 | 合计金额 | 总计 | 应付金额 | 总金额 | 含税总额 | 应付总额
receipt_total: 合计 | 总计 | 应收 | 应付 | 应付金额 | 实付金额 | 总金额 | 合计金额
credit_total: 退款合计 | 价税合计 | 合计
before_round: 小计 | 合计
after_round: 应收 | 实收合计
rounding: 抹零
discount: 优惠 | 折扣 | 会员优惠
shipping: 运费 | 配送费
service: 服务费{n}%
paid: 已付 | 预付款 | 定金
cash: 现金 | 实收 | 收款
card: 微信支付 | 支付宝 | 银行卡 | 刷卡
change: 找零 | 找赎
qty_total: 数量合计 | 件数 | 总件数
tax_table: 税额汇总
tax_cols: 税率,金额,税额
phone: 电话 | 联系电话 | 服务热线 | Tel
fax: 传真
mail: 邮箱 | 电子邮箱
iban: 账号
bic: SWIFT
bank: 开户行 | 开户银行
account: 账号 | 银行账号
page: 第{a}页 共{b}页 | 第{a}页 | {a}/{b}
carried: 本页小计 | 转下页
brought: 承上页
col_pos: 序号 | 编号
col_code: 货号 | 商品编码 | 规格型号
col_desc: 品名 | 商品名称 | 货物名称 | 项目 | 名称
col_qty: 数量
col_unit: 单位
col_price: 单价
col_rate: 税率
col_amount: 金额 | 小计 | 总价
pay_text: 请于{due}前付款 | 请将款项汇至以下账户 | 款项：{total}
thanks: 谢谢惠顾 | 欢迎再次光临 | 谢谢光临 | 多谢惠顾 欢迎下次光临
policy: 凭小票七日内退换 | 请妥善保管小票 | 如需发票请当日索取 | 价格均已含税
junk: 欢迎光临 | 副本 | 顾客联 | 商户存根
exempt: * | A | T
copies: 副本
pump: 油枪 | 枪号
litres: 升数 | 加油量
fuel: 92号汽油 | 95号汽油 | 0号柴油
per_litre: 单价 | 元/升
account_summary: 账单概览 | 费用汇总
previous: 上期余额 | 上期账单
period: 账单周期 | 计费周期
seller_head: 销售方信息 | 卖方
buyer_head: 购买方信息 | 买方
name: 名称 | 公司名称 | 单位名称
address: 地址 | 单位地址
number_sentence: {title}：{no} {date} | {title}编号{no}，{date}
against: 对应正数发票号码 | 原发票号
notes: 货物验收合格后付款 | 以上金额已含税 | 本单一式三联
reminder_opening: 贵公司下列款项已逾期，至今未收到付款。 | 请于##日内付清下列欠款。 | 如贵公司已付款，请忽略本通知。 | 如仍未付款，我方将采取进一步措施。
opening: 尊敬的客户： | 感谢贵公司的订购，所列货物已全部交付。 | 现将本期服务费用明细列示如下，请核对。 | 根据双方已确认的报价，我方开具以下费用清单。
closing: 全部款项付清之前，货物所有权归卖方所有。 | 如对本单据有疑问，请在##日内与我司财务部联系，并提供单据号码。 | 逾期付款的，我司有权按规定收取利息及催款费用。 | 货物外观如有损坏，请于收货后%个工作日内书面通知。 | 本单据由系统自动生成，无需签字即有效。 | 请妥善保存本单据，以备日后查询。 | 期待与贵公司继续合作。
detail: 含安装及旧件处理 | 批次####，有效期至##/## | 按现场沟通内容执行 | 颜色及工艺以样品为准 | 序列号@@####### | 使用期一个月，预先收费
""")

_ES = _table("""
title: Factura | FACTURA | Factura de venta | Factura comercial | Factura ordinaria
receipt_title: Factura simplificada | Ticket | Recibo | Tique de compra | Factura
reminder_title: Recordatorio de pago | Aviso de impago | Segundo recordatorio de pago
credit_title: Factura rectificativa | Abono | Nota de abono | Nota de crédito
invoice_no: Factura nº | Nº factura | Nº de factura | Número de factura | Factura Núm. | Núm. factura | Factura | Número | Nº | N.º de factura | Serie y número
receipt_no: Ticket nº | Nº ticket | Factura simplificada nº | Nº operación | Tique
credit_no: Abono nº | Nº de abono | Factura rectificativa nº
invoice_date: Fecha | Fecha factura | Fecha de factura | Fecha de emisión | Fecha de expedición | Fecha emisión | Emitida el
date: Fecha | Fecha | Fecha compra
time: Hora
due_date: Vencimiento | Fecha de vencimiento | Fecha vencimiento | Vence el | Fecha límite de pago | Pagar antes del | Vto.
order_date: Fecha de pedido | Fecha pedido
delivery_date: Fecha de entrega | Fecha de operación | Fecha albarán | Periodo
purchase_order: Pedido nº | Nº de pedido | Su pedido | Pedido | Número de pedido | Su referencia | Ref. cliente | Orden de compra | Nº pedido cliente
customer_no: Nº cliente | Código cliente | Cód. cliente | Cliente nº | Código de cliente
delivery_no: Albarán | Nº albarán | Presupuesto nº | Proyecto | Expediente
sales: Comercial | Contacto | Atendido por | Vendedor
cashier: Cajero | Le atendió | Dependiente | Camarero
table: Mesa | Comensales
till: Caja | Terminal | Tienda | TPV
trans: Operación | Transacción | Nº oper.
terms: Forma de pago | Condiciones de pago | Modo de pago
terms_value: 30 días | 60 días fecha factura | Transferencia bancaria | Contado | Recibo domiciliado | Giro a 30 días | Transferencia 30 días
seller_tax_id: NIF | CIF | N.I.F. | C.I.F. | NIF/CIF | NIF-IVA | CIF/NIF
buyer_tax_id: NIF cliente | CIF | NIF | N.I.F. | CIF cliente | NIF del cliente
reg: Registro Mercantil | Reg. Merc.
bill_to: Facturar a | Cliente | Datos del cliente | Facturado a | Destinatario | Datos de facturación | Dirección de facturación | A la atención de
ship_to: Enviar a | Dirección de entrega | Dirección de envío | Lugar de entrega
from: Emisor | Vendedor | Proveedor | De | Expedida por
currency: Moneda | Divisa | Importes en
net: Base imponible | Subtotal | Total base imponible | Importe neto | Total sin {tax} | Suma | Base | Total neto
tax: {tax} | {tax} {rate}% | {tax} {rate} % | Cuota {tax} | {tax} ({rate}%) | Importe {tax} | Total {tax} | {rate}% {tax}
total: Total | TOTAL | Total factura | Total a pagar | Importe total | TOTAL FACTURA | Total {cur} | Total con {tax} | Líquido a pagar | Total {tax} incluido
receipt_total: Total | TOTAL | Total a pagar | Importe | Total {cur} | A pagar | Total compra
credit_total: Total abono | Total a devolver | Importe abonado | Total
before_round: Total | Subtotal
after_round: Total a pagar | Total redondeado
rounding: Redondeo
discount: Descuento | Dto. | Dto. pronto pago | Rebaja
shipping: Portes | Gastos de envío | Transporte
service: Servicio {n}% | Servicio
paid: Anticipo | Pagado | A cuenta | Entrega a cuenta
cash: Efectivo | Entregado | Recibido
card: Tarjeta | VISA | Tarjeta de crédito | Bizum
change: Cambio | Vuelta | Devolución
qty_total: Nº artículos | Artículos | Total unidades
tax_table: Desglose de {tax} | Detalle {tax} | Resumen de impuestos
tax_cols: Base imponible,{tax} ^%,Cuota | Tipo,Base,Cuota | {tax} ^%,Base,Cuota,Total
phone: Tel. | Teléfono | Tfno. | Telf. | Tlf.
fax: Fax
mail: E-mail | Email | Correo | Correo electrónico
iban: IBAN | IBAN | Nº de cuenta | Cuenta bancaria | Cuenta IBAN
bic: BIC | SWIFT | BIC/SWIFT
bank: Banco | Entidad | Entidad bancaria
account: Cuenta | C.C.C.
page: Página {a} de {b} | Pág. {a}/{b} | Página {a} | Hoja {a} de {b}
carried: Suma y sigue | Subtotal página
brought: Suma anterior
col_pos: Nº | Línea | Pos.
col_code: Código | Ref. | Referencia | Artículo
col_desc: Descripción | Concepto | Detalle | Artículo | Denominación
col_qty: Cantidad | Cant. | Uds. | Unidades
col_unit: Ud. | Unidad
col_price: Precio | Precio unitario | P. unit. | Precio ud. | Precio/ud.
col_rate: {tax} | % {tax} | Tipo
col_amount: Importe | Total | Importe {cur} | Total línea | Importe neto
pay_text: Le rogamos que abone {total} antes del {due}. | Rogamos ingresen el importe en la cuenta indicada | Pago mediante transferencia bancaria | Indique el número de factura en la transferencia | Vencimiento¦ {due}
thanks: Gracias por su visita | Gracias por su compra | Gracias por su confianza | Vuelva pronto | Muchas gracias
policy: Cambios en %# días con el ticket | {tax} incluido | No se admiten devoluciones sin ticket | Abierto de lunes a sábado | Precios con impuestos incluidos
junk: Duplicado | Original | Bienvenidos | Copia para el cliente | Desde 19## | Ejemplar cliente
exempt: A | B | G | R | 1
copies: Copia | Original
pump: Surtidor | Surtidor nº
litres: Litros | Volumen
fuel: Gasóleo A | Sin plomo 95 | Diésel e+ | Gasolina 98
per_litre: Precio/L | €/L
account_summary: Resumen de su factura | Resumen
previous: Saldo anterior | Factura anterior | Pagos recibidos
period: Periodo de facturación | Periodo | Período facturado
seller_head: Datos del emisor | Proveedor | Emisor
buyer_head: Datos del cliente | Cliente | Comprador
name: Nombre | Razón social
address: Dirección | Domicilio
number_sentence: {title} nº {no} de fecha {date} | {title} {no} del {date} | {title} núm. {no}, {date}
against: Factura original | Rectifica la factura nº | Factura rectificada
notes: La mercancía ha sido entregada en buen estado. | Trabajos realizados según presupuesto. | Quedamos a su disposición para cualquier aclaración.
reminder_opening: a día de hoy no nos consta el pago de la factura que se detalla. | le rogamos que abone el importe vencido en un plazo de ## días. | si ya ha realizado el pago, no tenga en cuenta este aviso. | de no recibir el pago, remitiremos la deuda a nuestros abogados.
opening: Estimado cliente: | Muy señores nuestros: | por los trabajos realizados en sus instalaciones le facturamos lo siguiente. | le agradecemos su pedido, que hemos entregado completo. | a continuación se detallan los servicios prestados en el periodo indicado. | según lo acordado con <first> <surname>, le remitimos la liquidación de los conceptos pactados.
closing: La mercancía es propiedad del vendedor hasta que se hayan pagado todos los importes pendientes. | Si tiene alguna duda, póngase en contacto con nuestra administración en un plazo de ## días e indique el número del documento. | La demora en el pago devenga los intereses que fija la ley y los gastos de cobro. | Los daños visibles deben comunicarse por escrito en los % días hábiles siguientes a la entrega. | Documento emitido por ordenador - válido sin firma. | Nuestras condiciones generales, que pueden leerse en nuestra web, se aplican a todas las entregas. | Sus datos se tratan solo para la gestión de esta operación. | Esperamos seguir trabajando con ustedes. | Atentamente, <first> <surname>
detail: incluye montaje y retirada de la pieza vieja | lote ####, consumir antes de ##/## | según lo hablado en la visita - ver informe | color <inv>, acabado como la muestra | nº de serie @@####### | uso durante un mes, por adelantado | entregado en el lugar de uso | por encargo de <first> <surname>
""")

_IT = _table("""
title: Fattura | FATTURA | Fattura di vendita | Fattura immediata | Fattura differita | Fattura accompagnatoria | Copia di cortesia della fattura
receipt_title: Scontrino | Ricevuta | Ricevuta fiscale | Documento commerciale | Documento commerciale di vendita
reminder_title: Sollecito di pagamento | Secondo sollecito | Sollecito
credit_title: Nota di credito | Nota di accredito | Nota credito
invoice_no: Fattura n. | N. fattura | Numero fattura | Fattura nr. | Numero | Fattura numero | Fatt. n. | Numero documento | Nr. documento | Fattura | N. documento
receipt_no: Documento n. | Scontrino n. | Ricevuta n. | N. documento | Doc. n.
credit_no: Nota di credito n. | Nota credito n. | N. nota di credito
invoice_date: Data | Data fattura | Data documento | Data emissione | Data di emissione | del | Emessa il
date: Data | Data | Data documento
time: Ora | Ore
due_date: Scadenza | Data scadenza | Data di scadenza | Da pagare entro il | Pagamento entro | Scadenza pagamento | Scad.
order_date: Data ordine | Ordinato il
delivery_date: Data consegna | Data DDT | Periodo | Data prestazione
purchase_order: Ordine n. | N. ordine | Vs. ordine | Vostro ordine | Ordine | Rif. ordine | Numero ordine | Vs. rif. | Ordine cliente
customer_no: Codice cliente | Cod. cliente | Cliente n. | N. cliente
delivery_no: DDT n. | Documento di trasporto | Preventivo n. | Commessa | Offerta
sales: Agente | Referente | Venditore | Contatto
cashier: Cassiere | Operatore | Cassa | Servito da
table: Tavolo | Coperti
till: Cassa | Terminale | Negozio | Punto vendita
trans: Transazione | Operazione | Progr.
terms: Pagamento | Condizioni di pagamento | Modalità di pagamento | Termini di pagamento
terms_value: Bonifico bancario 30 gg DF | 30 gg d.f.f.m. | Rimessa diretta | Ri.Ba. 60 gg | Contanti | Bonifico vista fattura | 30 giorni | RB 30/60 gg f.m.
seller_tax_id: P.IVA | P. IVA | Partita IVA | Part. IVA | P.IVA e C.F. | C.F. e P.IVA | Partita I.V.A.
steuer: Codice fiscale | C.F. | Cod. Fisc. | C. F.
buyer_tax_id: P.IVA | Partita IVA | P. IVA cliente | P.IVA / C.F. | Partita IVA cliente
reg: REA | Reg. Imprese
bill_to: Spett.le | Cliente | Intestatario | Destinatario | Fatturare a | Cessionario/Committente | Spettabile | Dati cliente | Intestata a
ship_to: Destinazione | Luogo di consegna | Indirizzo di consegna | Destinazione merce
from: Fornitore | Cedente/Prestatore | Venditore | Emittente | Da
currency: Valuta | Divisa | Importi in
net: Imponibile | Totale imponibile | Subtotale | Totale netto | Netto | Importo netto | Totale merce | Imponibile {tax} | Tot. imponibile
tax: {tax} | {tax} {rate}% | {tax} {rate} % | Imposta | Totale {tax} | Importo {tax} | {tax} ({rate}%) | Totale imposta | Imposta {tax}
total: Totale | TOTALE | Totale fattura | Totale documento | Totale da pagare | Netto a pagare | Importo totale | TOTALE FATTURA | Totale {cur} | Totale dovuto | Totale a pagare | Totale {tax} inclusa
receipt_total: Totale | TOTALE | Totale complessivo | Totale {cur} | Totale euro | Importo pagato
credit_total: Totale nota di credito | Totale a credito | Totale documento | Totale
before_round: Totale | Subtotale
after_round: Totale da pagare | Totale arrotondato
rounding: Arrotondamento
discount: Sconto | Sconto merce | Abbuono
shipping: Spese di trasporto | Spese di spedizione | Trasporto
service: Servizio {n}% | Servizio
paid: Acconto | Già pagato | Acconto versato
cash: Contanti | Pagamento contante | Contante
card: Carta di credito | Bancomat | Pagamento elettronico | Carta
change: Resto
qty_total: N. articoli | Totale pezzi | Articoli
tax_table: Riepilogo {tax} | Dettaglio {tax} | Castelletto {tax}
tax_cols: Imponibile,{tax} ^%,Imposta | Aliquota,Imponibile,Imposta | Cod. {tax},Imponibile,Aliq.,Imposta
phone: Tel. | Telefono | Tel
fax: Fax
mail: E-mail | Email | PEC | Mail
iban: IBAN | IBAN | Cod. IBAN | Codice IBAN | Coordinate bancarie
bic: BIC | SWIFT | BIC/SWIFT
bank: Banca | Banca d'appoggio | Istituto bancario | Appoggio bancario
account: C/C | Conto corrente
page: Pagina {a} di {b} | Pag. {a}/{b} | Pag. {a} | Pagina {a}
carried: A riportare | Totale pagina
brought: Riporto
col_pos: N. | Riga | Pos.
col_code: Codice | Cod. | Cod. art. | Articolo
col_desc: Descrizione | Prodotto | Descrizione articolo | Descrizione dei beni e servizi | Prestazione
col_qty: Q.tà | Quantità | Qtà | Q.ta
col_unit: U.M. | UM | Unità
col_price: Prezzo | Prezzo unitario | Prezzo un. | P. unitario | Prezzo unit.
col_rate: {tax} | % {tax} | Aliq. | Aliquota {tax}
col_amount: Importo | Totale | Importo {cur} | Totale riga | Prezzo totale
pay_text: Si prega di pagare {total} entro il {due}. | Pagamento mediante bonifico bancario | Si prega di indicare il numero della fattura nella causale | Scadenza¦ {due} | Il mancato pagamento comporta interessi di mora
thanks: Grazie e arrivederci | Grazie per averci scelto | Grazie della visita | Arrivederci e grazie
policy: Cambio merce entro %# giorni con lo scontrino | Prezzi {tax} inclusa | Contributo CONAI assolto ove dovuto | Aperto dal lunedì al sabato
junk: Copia | Originale | Benvenuti | Copia cliente | Dal 19## | Copia di cortesia
exempt: A | B | 1 | 2 | C
copies: Copia | Originale
pump: Pompa | Erogatore
litres: Litri | Volume
fuel: Gasolio | Benzina | Senza piombo 95 | GPL
per_litre: Prezzo/L | €/L
account_summary: Riepilogo della fattura | Sintesi
previous: Saldo precedente | Fattura precedente | Pagamenti ricevuti
period: Periodo di fatturazione | Periodo | Periodo di riferimento
seller_head: Fornitore | Cedente/Prestatore | Dati del fornitore
buyer_head: Cliente | Cessionario/Committente | Dati del cliente
name: Denominazione | Ragione sociale | Nome
address: Indirizzo | Sede
number_sentence: {title} n. {no} del {date} | {title} nr. {no} del {date} | {title} {no} - {date}
against: Fattura di riferimento | Rif. fattura n. | A storno fattura n.
notes: Merce consegnata in buono stato. | Lavori eseguiti come da preventivo. | Restiamo a disposizione per ogni chiarimento. | Imposta di bollo assolta ove dovuta.
reminder_opening: dai nostri controlli la fattura sotto indicata risulta ancora da pagare. | vi preghiamo di versare l'importo scaduto entro ## giorni. | se avete già provveduto, non tenete conto di questa lettera. | in mancanza di pagamento passeremo la pratica al nostro legale.
opening: Gentile cliente, | Spettabile ditta, | per i lavori eseguiti presso la vostra sede vi addebitiamo quanto segue. | vi ringraziamo per l'ordine, che abbiamo consegnato per intero. | qui di seguito trovate il dettaglio dei servizi resi nel periodo indicato. | come concordato con <first> <surname>, vi inviamo il conto delle voci stabilite.
closing: La merce resta di proprietà del venditore fino al saldo di tutte le partite aperte. | Per ogni domanda vi preghiamo di rivolgervi alla nostra amministrazione entro ## giorni, indicando il numero del documento. | In caso di ritardo sono dovuti gli interessi di legge e le spese di recupero. | I danni visibili vanno segnalati per iscritto entro % giorni lavorativi dalla consegna. | Documento prodotto da un elaboratore - valido senza firma. | A tutte le forniture si applicano le nostre condizioni generali, che potete leggere sul nostro sito. | Documento privo di valenza fiscale ai sensi di legge, l'originale è trasmesso in formato elettronico. | Il documento va conservato per %# anni. | Distinti saluti, <first> <surname>
detail: montaggio e ritiro del pezzo vecchio compresi | lotto ####, da usare entro ##/## | come da accordi sul posto - vedi rapporto | colore <inv>, finitura come da campione | matricola @@####### | uso di un mese, pagamento anticipato | consegna franco luogo d'uso | per conto di <first> <surname>
""")

_PL = _table("""
title: Faktura | FAKTURA | Faktura VAT | FAKTURA VAT | Faktura sprzedaży
receipt_title: Paragon fiskalny | Paragon | Rachunek | PARAGON FISKALNY | Pokwitowanie
reminder_title: Wezwanie do zapłaty | Przypomnienie o płatności | Ponowne wezwanie do zapłaty
credit_title: Faktura korygująca | Korekta faktury | Faktura VAT korygująca
invoice_no: Faktura nr | Nr faktury | Numer faktury | Faktura VAT nr | Numer | Nr | Faktura | Nr dokumentu | Faktura numer
receipt_no: Nr paragonu | Paragon nr | Nr wydruku | Rachunek nr | Nr
credit_no: Faktura korygująca nr | Korekta nr | Nr korekty
invoice_date: Data wystawienia | Data faktury | Data | Wystawiono | Wystawiono dnia | Data wystawienia faktury | z dnia | Dnia
date: Data | Data | Data sprzedaży
time: Godzina | Godz. | Czas
due_date: Termin płatności | Termin zapłaty | Płatne do | Zapłata do | Data płatności | Do zapłaty do dnia
order_date: Data zamówienia | Zamówiono
delivery_date: Data sprzedaży | Data dostawy | Data wykonania usługi | Data dokonania dostawy | Okres
purchase_order: Zamówienie nr | Nr zamówienia | Numer zamówienia | Zamówienie | Państwa zamówienie | Nr zam. klienta | Do zamówienia
customer_no: Nr klienta | Kod klienta | Numer klienta | Kod kontrahenta
delivery_no: WZ nr | Dokument WZ | Oferta nr | Projekt | Zlecenie
sales: Opiekun | Kontakt | Handlowiec | Osoba do kontaktu
cashier: Kasjer | Obsługa | Kelner | Sprzedawca
table: Stolik | Gości
till: Kasa | Stanowisko | Sklep
trans: Transakcja | Nr transakcji | Nr sys.
terms: Sposób zapłaty | Forma płatności | Sposób płatności | Warunki płatności
terms_value: przelew 14 dni | przelew | gotówka | 30 dni | karta | za pobraniem | przelew 30 dni | przedpłata
seller_tax_id: NIP | NIP | NIP sprzedawcy | Nr NIP | NIP UE
steuer: REGON
buyer_tax_id: NIP | NIP nabywcy | NIP | Nr NIP
reg: KRS | REGON
bill_to: Nabywca | Kupujący | Klient | Odbiorca faktury | Zamawiający | Dane nabywcy | Płatnik
ship_to: Odbiorca | Adres dostawy | Miejsce dostawy
from: Sprzedawca | Wystawca | Dostawca | Sprzedający
currency: Waluta | Kwoty w
net: Wartość netto | Razem netto | Suma netto | Netto | Kwota netto | Wartość netto razem | Ogółem netto
tax: {tax} | Kwota {tax} | {tax} {rate}% | Podatek {tax} | Razem {tax} | Wartość {tax} | {tax} ({rate}%) | Podatek | Kwota podatku
total: Do zapłaty | Razem do zapłaty | Wartość brutto | Razem | Suma brutto | Razem brutto | Kwota do zapłaty | Brutto | Ogółem | Do zapłaty {cur} | Należność ogółem | Kwota brutto | DO ZAPŁATY
receipt_total: Suma | SUMA | Suma {cur} | Razem | Do zapłaty | SUMA {cur}
credit_total: Kwota zwrotu | Do zwrotu | Razem | Kwota korekty
before_round: Razem | Suma
after_round: Do zapłaty | Razem po zaokrągleniu
rounding: Zaokrąglenie
discount: Rabat | Upust | Opust
shipping: Transport | Koszt wysyłki | Dostawa
service: Serwis {n}% | Obsługa
paid: Zapłacono | Zaliczka | Przedpłata | Wpłacono
cash: Gotówka | Wpłata | Gotówka PLN
card: Karta | Karta płatnicza | BLIK
change: Reszta | Reszta PLN
qty_total: Liczba pozycji | Pozycji | Razem sztuk
tax_table: Zestawienie {tax} | Podsumowanie {tax} | Według stawki {tax}
tax_cols: Stawka,Netto,{tax},Brutto | Stawka {tax},Wartość netto,Kwota {tax},Wartość brutto | {tax} ^%,Netto,Podatek
phone: tel. | Tel. | Telefon
fax: Faks | fax
mail: E-mail | e-mail | Mail
iban: Nr konta | Numer konta | Konto | Rachunek | IBAN | Nr rachunku
bic: SWIFT | BIC | BIC/SWIFT
bank: Bank | Nazwa banku
account: Konto | Rachunek
page: Strona {a} z {b} | Str. {a}/{b} | Strona {a}
carried: Do przeniesienia | Razem na stronie
brought: Z przeniesienia
col_pos: Lp. | L.p. | Lp
col_code: Kod | Indeks | Symbol | Kod towaru
col_desc: Nazwa | Nazwa towaru lub usługi | Opis | Nazwa towaru/usługi | Towar
col_qty: Ilość | Ilość | Liczba
col_unit: J.m. | jm | Jedn.
col_price: Cena netto | Cena jedn. | Cena | Cena jedn. netto
col_rate: {tax} | Stawka {tax} | {tax} %
col_amount: Wartość | Wartość netto | Kwota | Razem | Wartość {cur}
pay_text: Prosimy o zapłatę {total} do dnia {due}. | Prosimy o wpłatę na podane konto | W tytule przelewu prosimy podać numer faktury | Za zwłokę w zapłacie naliczane są odsetki | Termin zapłaty¦ {due}
thanks: Dziękujemy za zakupy | Zapraszamy ponownie | Dziękujemy i zapraszamy | Dziękujemy za współpracę
policy: Zwrot w ciągu %# dni z paragonem | Ceny zawierają podatek {tax} | Czynne od poniedziałku do soboty | Reklamacje tylko z dowodem zakupu
junk: Kopia | Oryginał | Witamy | Duplikat | Od 19## | NIEFISKALNY
exempt: A | B | C | D
copies: Kopia | Oryginał
pump: Dystrybutor
litres: Litry | Ilość
fuel: Olej napędowy | Benzyna 95 | Pb98 | LPG
per_litre: Cena/L | zł/L
account_summary: Podsumowanie faktury | Twoja faktura w skrócie
previous: Poprzednie saldo | Poprzednia faktura | Otrzymane wpłaty
period: Okres rozliczeniowy | Okres | Za okres
seller_head: Sprzedawca | Dane sprzedawcy
buyer_head: Nabywca | Dane nabywcy
name: Nazwa | Nazwa firmy
address: Adres | Siedziba
number_sentence: {title} nr {no} z dnia {date} | {title} {no} z {date} | {title} nr {no}, {date}
against: Do faktury nr | Faktura korygowana | Dotyczy faktury
notes: Towar wydano bez wad. | Usługę wykonano zgodnie z umową. | Osoba upoważniona do wystawienia faktury¦ <first> <surname> | Mechanizm podzielonej płatności
reminder_opening: według naszej ewidencji poniższa faktura nie została zapłacona. | prosimy o wpłatę zaległej kwoty w ciągu ## dni. | jeżeli wpłata została już wykonana, prosimy nie brać tego pisma pod uwagę. | brak wpłaty spowoduje skierowanie sprawy do sądu.
opening: Szanowni Państwo, | Dzień dobry, | za prace wykonane w Państwa siedzibie wystawiamy rachunek jak niżej. | dziękujemy za zamówienie, które dostarczyliśmy w całości. | poniżej podajemy wykaz usług wykonanych w podanym okresie. | zgodnie z ustaleniami z <first> <surname> przesyłamy rozliczenie uzgodnionych pozycji.
closing: Towar pozostaje własnością dostawcy do czasu uregulowania wszystkich należności. | W razie pytań prosimy o kontakt z naszym działem księgowości w ciągu ## dni i podanie numeru dokumentu. | Za opóźnienie w płatności naliczamy odsetki ustawowe oraz koszty odzyskiwania należności. | Widoczne uszkodzenia należy zgłosić na piśmie w ciągu % dni roboczych od dostawy. | Dokument utworzony komputerowo - ważny bez podpisu. | Do wszystkich dostaw stosujemy nasze ogólne warunki, które można przeczytać na naszej stronie. | Dokument należy przechowywać przez % lat. | Liczymy na dalszą dobrą współpracę. | Z poważaniem, <first> <surname>
detail: z montażem i odbiorem starej części | partia ####, zużyć do ##/## | według ustaleń na miejscu - patrz protokół | kolor <inv>, wykonanie jak próbka | nr seryjny @@####### | okres jednego miesiąca, płatne z góry | dostawa na miejsce użycia | na zlecenie <first> <surname>
""")

WORDING: dict[str, Words] = {
    "en": _EN, "de": _DE, "fr": _FR, "nl": _NL, "zh": _ZH, "es": _ES, "it": _IT, "pl": _PL,
}  # fmt: skip
"""language -> key -> wordings. Every language has every key except `steuer`, a second number of the tax office."""
