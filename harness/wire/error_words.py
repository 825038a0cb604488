"""What errors say of the account, its limits or the prompt, in the words that many APIs share.

A provider's document rarely shows such an error, and what it shows is worded otherwise elsewhere:
by the maker behind it, the gateway, the payment. What is about the account says nothing about a
promise on the request.
"""

import re

from harness.core.outcome import ErrorClass


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_MODERATION = _any(
    r"safety (system|filter|check|policy|policie)s?\b|content[ -](policy|filter)\b",
    r"policy violation|\bnsfw\b",
    r"usage polic(y|ies)|sensitive (content|word)|moderation (system|filter|check)s?\b",
    r"(rejected|blocked|flagged|refused) by (the |our )?(content )?(moderation|safety)",
    r"敏感(词|内容)|内容违规|审核(未|不)通过",
)
_RATE_LIMIT = _any(
    r"too many (concurrent |parallel |active )?(requests|calls|tasks|jobs|generations)",
    r"\brate[- ]?limit|\bthrottl|concurrency limit|too frequent(ly)?\b|\bslow down\b",
    r"(requests?|images?|tokens?|calls) per (second|minute|hour|day)\b",
    r"\b(daily|hourly) (request |image |generation )*limit",
    r"\b[rt]p[mds]\b|\bqps\b|queue (is )?full|并发",
    r"请求(过于|太)频繁|请求过多|(频率|速率)限制|限流|负载.{0,6}(饱和|过高)|(系统|服务|模型).{0,4}繁忙",
)
_QUOTA = _any(
    r"(insufficient|not enough|no (more|remaining)|run out of|out of|exhausted)"
    r" (\w+ ){0,2}(credits?|balance|funds|quota)\b",
    r"(exceed(ed|s)?|exhausted|reached|used up|check|over) (\w+ ){0,3}quota\b(?! of \d)",
    r"\bquota (\w+ ){0,4}(exceeded|exhausted|reached|used up|insufficient|depleted)",
    r"(credits?|balance) (\w+ ){0,4}(insufficient|exhausted|depleted|too low|not enough|used up)",
    r"resource exhausted|billing (hard |soft )?limit|spend(ing)? limit|payment (is )?required",
    r"past due|unpaid|add(ing)? a payment method|billing (is )?not active",
    r"check your (plan and )?billing|余额不足|额度(已)?(不足|用尽|用完)|配额|欠费",
)
_PLACE = r"(country|region|territory)"
_AUTH = _any(
    r"must be (\w+ )?verified|\bnot (\w+ )?verified\b|\bunverified\b",
    r"(verify|confirm) (your|the) (\w+ )?(organi[sz]ation|account|identity|e-?mail|phone)",
    r"(organi[sz]ation|account|identity) (\w+ )?verification",
    rf"{_PLACE}\b[^.]{{0,30}}\b(not|isn't) (\w+ )?(supported|available|allowed|permitted|served)",
    r"(supported|available|allowed|permitted|offered) (\w+ ){0,2}(your|this) (\w+ )?"
    r"(country|region|territory|location)",
    rf"(unsupported|restricted|blocked) {_PLACE}",
    r"(account|organi[sz]ation|workspace|subscription) (\S+ ){0,4}"
    r"(suspended|deactivated|disabled|banned|inactive|locked|frozen|expired|not active|restricted)",
    r"(insufficient|missing) (permission|scope)|missing scopes",
    r"\bip (address )?(\S+ )?(is )?not (allowed|authori[sz]ed|(in|on) )",
    r"未(实名|认证|验证)|(账号|账户|帐号).{0,6}(封禁|停用|禁用|冻结)",
    r"(国家|地区).{0,6}(不支持|限制)",
)

IN_WORDS: tuple[tuple[ErrorClass, re.Pattern[str]], ...] = (
    ("moderation", _MODERATION),
    ("rate_limit", _RATE_LIMIT),
    ("quota", _QUOTA),
    ("auth", _AUTH),
)
"""The classes that words tell, whatever status and code are; the first that fits counts."""

_WHOSE = r"(account|organi[sz]ation|project|plan|tier|subscription|group|token|tenant|user)"
NO_ACCESS = _any(
    r"(no|not have|without|lacks?|denied) (\w+ ){0,2}(access|permission)\b",
    r"access (\w+ ){0,3}(denied|restricted)|permission denied",
    r"(not|n't) (\w+ )?(allowed|permitted|authori[sz]ed|entitled|eligible) to"
    r" (use|access|call|sample|request)",
    r"not (\w+ )?(enabled|available|activated|allowed|included|supported|provisioned|open)"
    rf" (\w+ )?(for|to|in|on|with|under|by) (this|your|the current) (\w+ ){{0,2}}({_WHOSE}|key)\b",
    r"(your|current|free) (\w+ )?(plan|tier|subscription)\b",
    r"upgrade (to|your)\b|requires? (\w+ ){0,3}(plan|tier|subscription)\b",
    r"\bwait ?list|(early|beta|limited|invite[- ]only) access",
    r"no available (channel|account)s?\b|无权|没有权限|未开通|权限不足|无可用(的)?(渠道|账号|账户)",
)
"""What an error says where the account may not use a model or a value: it does not tell whether
that exists."""

OF_AN_ACCOUNT = _any(
    r"account|organi[sz]ation|billing|region|country|territor|location|\bplan\b|subscription|\btier",
    r"permission|permitted|forbidden|denied|\bnot allowed|authori[sz]|verif|api[ _-]?key|\btoken\b",
    r"\bproject\b|tenant|workspace|\bip\b|eligib|upgrade|payment|credit|balance|quota|limit",
)
"""Words by which an error of 401, 402, 403 or 429 is about the account, as its status says."""

OF_A_REQUEST = _any(
    r"\b(size|dimensions?|width|height|resolution|pixels?|aspect|ratio|quality|format|background|n)\b",
    r"compression|parameter|argument|\bfields?\b|\bvalues?\b",
    r"prompt|mask|partial|fidelity|stream|参数|尺寸|大小|质量|格式|分辨率|比例|数量|不支持|无效",
)
"""Words by which an error is about the request; one of 403 without any is about the account."""

OF_A_CUSTOMER = _any(
    r"\b(organi[sz]ation|workspace|team|account|customers?|trial|subscri(ption|bers?)|credits?)\b",
    r"\b(credit|debit|bank) card|\bbilling\b|\bspend(ing)?\b|\benterprise\b|\bmembers(hip)?\b",
    r"\b(free|paid|premium|pro) (\w+ )?(tier|plan|users?|generations?)|\btop[- ]?up\b",
    r"账号|账户|帐号|令牌|分组|套餐|会员|充值|实名",
)
"""Words of a customer's standing: an error with them and none of a request is about the account."""

_QUOTED = re.compile(r"(?<!\w)(['\"`])[^'\"`]*\1(?!\w)")
"""What a message quotes: a prompt, a value; those are the request's words and not the error's."""


def class_in_words(words: str) -> ErrorClass | None:
    """Return the class that an error's words tell; None where they tell none."""
    said = _QUOTED.sub("''", words).replace("_", " ")
    return next((error_class for error_class, told in IN_WORDS if told.search(said)), None)
