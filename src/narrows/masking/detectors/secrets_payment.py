"""Secrets of payment providers, banks' interfaces and crypto-currencies."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.secrets_rows import ALNUM, URL, UUID, issued, keyed, service
from narrows.masking.validators.secrets import is_mixed
from narrows.masking.validators.secrets_checksums import is_extended_private_key, is_wif_key

XPRV: Final = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRN"
"""The first of BIP 32's test vectors, without its end."""

BASE58: Final = "[1-9A-HJ-NP-Za-km-z]"

CARDS: Final = (
    issued(
        "stripe_key", "STRIPE_KEY", f"(?:sk|rk)_(?:live|test|prod)_[{ALNUM}]{{10,247}}", "sk_live_<w24>", before=ALNUM
    ),
    issued(
        "stripe_key.organisation",
        "STRIPE_KEY",
        f"sk_org_(?:live|test)_[{ALNUM}]{{40,160}}",
        "sk_org_live_<w48>",
        before=ALNUM,
    ),
    issued("stripe_webhook_secret", "STRIPE_WEBHOOK_SECRET", "whsec_[A-Za-z0-9+/]{24,100}={0,2}", "whsec_<w32>"),
    issued(
        "square_token",
        "SQUARE_TOKEN",
        f"(?:EAAA[{URL}]{{60}}|sq0[a-z]{{3}}-[{URL}]{{22,50}})",
        "sq0atp-<b22>",
        before=ALNUM,
        after=URL,
    ),
    issued(
        "braintree_token",
        "BRAINTREE_TOKEN",
        "access_token\\$(?:production|sandbox)\\$[0-9a-z]{16}\\$[0-9a-f]{32}",
        "access_token$production$<l16>$<h32>",
    ),
    keyed("braintree_key", "BRAINTREE_KEY", "braintree", "[0-9a-f]{32}", "<h32>"),
    keyed("paypal_secret", "PAYPAL_SECRET", "paypal", f"[AE][{URL}]{{79}}", "E<w79>", entropy=4.0),
    issued(
        "adyen_key",
        "ADYEN_KEY",
        "AQE[a-z][a-z][A-Za-z0-9+/=]{60,300}-[A-Za-z0-9+/=]{30,80}-[^ \\t\\r\\n\"'`\\\\]{10,30}",
        "AQEyh<w60>-<w43>=-<w16>",
        before=ALNUM,
        after="",
    ),
    keyed("adyen_key.keyed", "ADYEN_KEY", "adyen", "AQE[A-Za-z0-9+/=_!@#$%^&*-]{30,400}", "AQE<w60>", after=""),
    issued("razorpay_key", "RAZORPAY_KEY", f"rzp_(?:live|test)_[{ALNUM}]{{14}}", "rzp_live_<w14>"),
    keyed(
        "razorpay_secret",
        "RAZORPAY_SECRET",
        "razorpay|rzp",
        f"[{ALNUM}]{{24}}",
        "<w24>",
        entropy=3.5,
        validate=is_mixed,
    ),
    issued(
        "plaid_token",
        "PLAID_TOKEN",
        f"(?:access|public|link|processor|asset|payment)-(?:sandbox|development|production)-{UUID}",
        "access-production-<uuid>",
    ),
    keyed("plaid_secret", "PLAID_SECRET", "plaid", "[0-9a-f]{30}", "<h30>"),
    issued(
        "flutterwave_key",
        "FLUTTERWAVE_KEY",
        "FLW(?:SEC|PUB)K(?:_TEST)?-(?:[0-9a-zA-Z]{32}-X|[0-9a-f]{12,32}(?:-X)?)",
        "FLWSECK_TEST-<h32>-X",
    ),
    issued("flutterwave_key.encryption", "FLUTTERWAVE_KEY", "FLWSECK(?:_TEST)?-?[0-9a-zA-Z]{12}", "FLWSECK_TEST<h12>"),
    issued("paystack_key", "PAYSTACK_KEY", "[sp]k_(?:live|test)_[0-9a-f]{40}", "sk_live_<h40>", before=ALNUM),
    issued(
        "mollie_key",
        "MOLLIE_KEY",
        f"(?:(?:live|test)_[{ALNUM}]{{30}}|access_[{ALNUM}]{{40}})",
        "live_<w30>",
        before=URL,
        after=URL,
        validate=is_mixed,
    ),
    issued(
        "checkout_key",
        "CHECKOUT_KEY",
        "[sp]k_(?:sbox_)?[a-z2-7]{26}[a-z0-9*#$=]",
        "sk_sbox_q7z2kw4xv3bn4jr3tp5lm6q7z2k",
        before=ALNUM,
        validate=is_mixed,
    ),
    keyed("checkout_key.keyed", "CHECKOUT_KEY", "checkout", f"[sp]k_(?:test_)?{UUID}", "sk_test_<uuid>"),
    issued(
        "gocardless_token",
        "GOCARDLESS_TOKEN",
        f"(?:live|sandbox)_[{URL}]{{40}}",
        "live_<b40>",
        before=URL,
        after=URL,
        validate=is_mixed,
    ),
    issued(
        "paddle_key",
        "PADDLE_KEY",
        f"pdl_(?:(?:live|sdbx)_apikey_[a-z0-9]{{26}}_[{ALNUM}]{{22}}_[{ALNUM}]{{3}}|ntfset_[a-z0-9]{{26}}_[{ALNUM}+/=]{{20,50}})",
        "pdl_live_apikey_<l26>_<w22>_<w3>",
    ),
    issued(
        "chargebee_key",
        "CHARGEBEE_KEY",
        f"(?:live|test)_(?:cd)?[{ALNUM}]{{30,48}}",
        "test_cd<w32>",
        before=URL,
        after=URL,
        validate=is_mixed,
    ),
    issued(
        "mercadopago_token",
        "MERCADOPAGO_TOKEN",
        "(?:APP_USR|TEST)-[0-9]{12,19}-[0-9]{6}-[0-9a-f]{32}(?:__[A-Z]{2}_[A-Z]{2}__)?-[0-9]{6,12}",
        "APP_USR-<d16>-<d6>-<h32>-<d9>",
    ),
    issued("easypost_key", "EASYPOST_KEY", f"EZ[AT]K[{ALNUM}]{{54}}", "EZAK<w54>"),
    issued("lob_key", "LOB_KEY", "(?:live|test)_(?:pub_[0-9a-f]{31}|[0-9a-f]{35})", "live_<h35>", before=URL),
    issued("shippo_token", "SHIPPO_TOKEN", "shippo_(?:live|test)_[0-9a-fA-F]{40}", "shippo_live_<h40>"),
    issued("duffel_token", "DUFFEL_TOKEN", f"duffel_(?:live|test)_[{URL}=]{{43}}", "duffel_live_<b43>"),
    issued(
        "xendit_key",
        "XENDIT_KEY",
        f"xnd_(?:public_)?(?:production|development)_[{ALNUM}]{{40,80}}={{0,2}}",
        "xnd_production_<w48>",
    ),
    issued("midtrans_key", "MIDTRANS_KEY", f"(?:SB-)?Mid-(?:server|client)-[{URL}]{{16,30}}", "SB-Mid-server-<w24>"),
    issued("cashfree_key", "CASHFREE_KEY", "cfsk_ma_(?:prod|test)_[0-9a-f]{32}_[0-9a-f]{8}", "cfsk_ma_prod_<h32>_<h8>"),
    issued("omise_key", "OMISE_KEY", "[sp]key_(?:test_)?[0-9a-z]{19}", "skey_test_<l19>"),
    issued("sumup_key", "SUMUP_KEY", f"sup_(?:sk|afk)_[{ALNUM}]{{30,50}}", "sup_sk_<w32>"),
    issued("clerk_key", "CLERK_KEY", f"sk_(?:live|test)_[{ALNUM}]{{42}}", "sk_test_<w42>", before=ALNUM),
    service(
        "payment_gateway_key",
        "PAYMENT_GATEWAY_KEY",
        (
            "worldpay cybersource authorize[._]{0,1}net bluesnap klarna 2checkout payu paytm phonepe "
            "instamojo iyzico ccavenue recurly dwolla payoneer coingate bitpay 2c2p dlocal ebanx afterpay "
            "affirm wepay transferwise wise[_-]"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{16,120}})",
        "<w32>",
        entropy=3.3,
        validate=is_mixed,
        key="worldpay_service_key",
    ),
    keyed("finicity_key", "FINICITY_KEY", "finicity", f"(?:[0-9a-f]{{32}}|[{ALNUM}]{{20}})", "<h32>"),
)

CRYPTO: Final = (
    keyed(
        "coinbase_key",
        "COINBASE_KEY",
        "coinbase",
        f"(?:[{URL}]{{64}}|[{ALNUM}]{{32}}|[{ALNUM}]{{16}})",
        "<w64>",
        entropy=3.3,
        validate=is_mixed,
    ),
    keyed("binance_key", "BINANCE_KEY", "binance", f"[{ALNUM}]{{64}}", "<w64>", entropy=3.8),
    keyed("kraken_key", "KRAKEN_KEY", "kraken", "[A-Za-z0-9+/=_-]{56,92}", "<w88>", after=URL, entropy=4.0),
    keyed("kucoin_key", "KUCOIN_KEY", "kucoin", f"(?:{UUID}|[0-9a-f]{{24}})", "<uuid>"),
    service(
        "exchange_key",
        "EXCHANGE_KEY",
        (
            "bittrex bitfinex bitmex bybit okx okex huobi poloniex gemini[_-]api deribit bitstamp ftx "
            "gate[._]{0,1}io bitmart mexc upbit coinapi cryptocompare coinmarketcap coingecko messari nomics"
        ),
        f"(?:{UUID}|[A-Za-z0-9+/=_-]{{16,100}})",
        "<w32>",
        entropy=3.3,
        validate=is_mixed,
        key="bybit_api_secret",
    ),
    service(
        "market_data_key",
        "MARKET_DATA_KEY",
        (
            "finnhub alpha[_-]{0,1}vantage polygon[._-]{0,1}(?:io|api)? quandl iex[_-]{0,1}cloud tiingo "
            "marketstack twelve[_-]{0,1}data currencylayer fixer open[_-]{0,1}exchange exchangerate"
        ),
        f"(?:[a-z]{{2}}_[0-9a-f]{{32}}|[{URL}]{{16,40}})",
        "<l20>",
        entropy=3.0,
        validate=is_mixed,
        key="finnhub_token",
    ),
    keyed(
        "alpaca_key",
        "ALPACA_KEY",
        "alpaca|apca",
        f"(?:[APC]K[A-Z0-9]{{18,24}}|[{ALNUM}]{{40,44}})",
        "PK<u18>",
        entropy=3.0,
        validate=is_mixed,
    ),
    service(
        "blockchain_node_key",
        "BLOCKCHAIN_NODE_KEY",
        (
            "infura alchemy moralis quicknode etherscan bscscan polygonscan arbiscan blockfrost tatum "
            "covalent chainstack ankr pinata nftport opensea"
        ),
        f"(?:{UUID}|[{URL}]{{30,64}}|[A-Z0-9]{{34}})",
        "<h32>",
        validate=is_mixed,
        key="infura_project_secret",
    ),
    issued(
        "blockfrost_key",
        "BLOCKFROST_KEY",
        f"(?:mainnet|preprod|preview|testnet|ipfs)[{ALNUM}]{{32}}",
        "mainnet<w32>",
        before=ALNUM,
        validate=is_mixed,
    ),
    keyed(
        "ethereum_private_key",
        "ETHEREUM_PRIVATE_KEY",
        "(?:priv(?:ate)?|wallet|deployer|owner|signer|eth(?:ereum)?|metamask)[ _-]{0,1}(?:private[ _-]{0,1})?key",
        "(?:0x)?[0-9a-fA-F]{64}",
        "0x<h64>",
        key="private_key",
    ),
    issued(
        "bitcoin_private_key",
        "BITCOIN_PRIVATE_KEY",
        f"(?:5{BASE58}{{50}}|[KL]{BASE58}{{51}}|9{BASE58}{{50}}|c{BASE58}{{51}})",
        "5HueCGU8rMjxEXxiPuD5BDku4Mk" + "FqeZyd4dZ1jvhTVqvbTLvyTJ",
        before=ALNUM,
        validate=is_wif_key,
        score=1.0,
        refused=("5<w50>",),
    ),
    issued(
        "extended_private_key",
        "EXTENDED_PRIVATE_KEY",
        f"[xtyz]prv{BASE58}{{107,108}}",
        "".join(
            (
                "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jP",
                "PqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
            )
        ),
        before=ALNUM,
        validate=is_extended_private_key,
        score=1.0,
        refused=("xprv<w107>",),
    ),
    keyed(
        "recovery_phrase",
        "RECOVERY_PHRASE",
        "mnemonic|(?:seed|recovery|backup|secret)[ _-]{0,1}phrase",
        "(?:[a-z]{3,8}[ ]){11}(?:(?:[a-z]{3,8}[ ]){3}){0,4}[a-z]{3,8}",
        "quilt zone kick wave exotic vivid brisk noble jelly rapid tulip plunge",
        after="a-z",
        before="A-Za-z0-9",
        entropy=3.0,
        key="mnemonic",
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (*CARDS, *CRYPTO)
