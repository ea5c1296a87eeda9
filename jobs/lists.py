"""Lists that decide when two names or addresses are alike: data, no code. Additions are welcome."""

from __future__ import annotations

# Domains under which anybody may have an address: they name no company.
FREE_MAIL_DOMAINS = frozenset(
    """
    126.com 163.com aim.com alice.it aliyun.com aol.com arcor.de att.net bellsouth.net bigpond.com bluewin.ch bol.com.br
    btinternet.com btopenworld.com centrum.cz charter.net comcast.net cox.net duck.com earthlink.net email.cz email.de
    fastmail.com fastmail.fm free.fr freemail.hu freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net
    googlemail.com hey.com hotmail.be hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it hotmail.nl
    hushmail.com icloud.com ig.com.br inbox.lv inbox.ru interia.pl juno.com laposte.net libero.it list.ru live.be
    live.ca live.co.uk live.com live.com.au live.de live.dk live.fr live.it live.nl live.se mac.com mail.com mail.de
    mail.ru mailbox.org me.com msn.com naver.com nate.com hanmail.net daum.net neuf.fr numericable.fr o2.pl onet.pl
    op.pl optonline.net optusnet.com.au orange.fr outlook.at outlook.com outlook.de outlook.es outlook.fr outlook.it
    outlook.jp pm.me posteo.de proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com rocketmail.com
    rogers.com sapo.pt sbcglobal.net seznam.cz sfr.fr shaw.ca sina.cn sina.com sky.com sohu.com sympatico.ca t-online.de
    talktalk.net telenet.be telia.com telus.net terra.com.br tin.it tiscali.co.uk tiscali.it tuta.com tutanota.com
    tutanota.de ukr.net uol.com.br verizon.net virgilio.it virginmedia.com wanadoo.fr web.de windstream.net wp.pl
    xs4all.nl ya.ru yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.ar yahoo.com.au yahoo.com.br
    yahoo.com.mx yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru yeah.net ymail.com ziggo.nl
    zoho.com zohomail.com
    """.split()  # noqa: SIM905 - a column of words reads better than a column of quotes
)

# Words that say what sort of company it is, at the end of a name; without accents, dots and case.
LEGAL_WORDS = frozenset(
    """
    ab ag ao aps as asa bhd bv bvba co company corp corporation cv doo eg eirl eurl gbr gesmbh ggmbh gmbh hf inc
    incorporated jsc kft kg kgaa kk limited llc llp lp ltd ltda mbh nv oao ohg ooo ou oy oyj pao pbc plc pllc pte pty
    pvt sa sab sagl sapi sarl sas sasu sc scrl se sia sl slu snc spa spc spol spzoo srl sro uab ug vof zao zrt
    """.split()  # noqa: SIM905 - as above
)

# Those that by custom may stand in front as well: Swedish, Finnish, Estonian, Lithuanian, Latvian and Russian forms.
LEGAL_WORDS_IN_FRONT = frozenset({"ab", "ao", "oao", "ooo", "ou", "oy", "pao", "sia", "uab", "zao"})

# The same in several words, at the end of a name.
LEGAL_PHRASES = tuple(
    tuple(phrase.split())
    for phrase in (
        "a s",
        "s a",
        "e k",
        "e v",
        "sp z oo",
        "sp z o o",
        "sp j",
        "societe anonyme",
        "sociedad anonima",
        "sociedade anonima",
        "limited liability company",
        "limited liability partnership",
        "public limited company",
        "public limited",
        "private limited company",
        "private limited",
        "aktiengesellschaft",
        "naamloze vennootschap",
        "besloten vennootschap",
    )
)

# The same in scripts that set no spaces between words.
LEGAL_SIGNS = (
    "株式会社",
    "有限会社",
    "合同会社",
    "(株)",
    "(有)",
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "주식회사",
    "(주)",
)
