"""Japanese names, written and romanised: Faker's, further common ones, and composed ones.

Faker lists 50 family and 51 given names. Most Japanese family names are two characters that stand
for a place (山 mountain, 田 field), and given names often a first character and one of a few
endings (子, 美; 夫, 之), so both are composed here, with the reading of each part. The common ones
and the readings are from memory; a name may be read in more ways than the one given.
"""

from collections.abc import Iterable
from itertools import product

from workbench.synthetic.stock.lists import japanese_family, japanese_given

Pair = tuple[str, str]

_FAMILY = """
    中野:nakano 原田:harada 松井:matsui 小野:ono 田村:tamura 竹内:takeuchi 金子:kaneko 和田:wada
    中山:nakayama 石田:ishida 上田:ueda 森田:morita 柴田:shibata 酒井:sakai 工藤:kudo
    横山:yokoyama 宮崎:miyazaki 宮本:miyamoto 内田:uchida 高木:takagi 安藤:ando 谷口:taniguchi
    大野:ono 丸山:maruyama 今井:imai 高田:takada 藤本:fujimoto 武田:takeda 村田:murata 上野:ueno
    杉山:sugiyama 増田:masuda 平野:hirano 菅原:sugawara 久保:kubo 小島:kojima 千葉:chiba
    松尾:matsuo 岩崎:iwasaki 桜井:sakurai 木下:kinoshita 野口:noguchi 野村:nomura 佐野:sano
    菊地:kikuchi 新井:arai 渡部:watanabe 杉本:sugimoto 大塚:otsuka 古川:furukawa 小山:koyama
    市川:ichikawa 水野:mizuno 島田:shimada 山内:yamauchi 西田:nishida 高野:takano 小松:komatsu
    平田:hirata 五十嵐:igarashi 服部:hattori 川口:kawaguchi 浜田:hamada 飯田:iida 本田:honda
    久保田:kubota 辻:tsuji 関:seki 吉川:yoshikawa 中田:nakata 川崎:kawasaki 北村:kitamura
    東:higashi 福島:fukushima 大西:onishi 岩田:iwata 星野:hoshino 大久保:okubo 松岡:matsuoka
    安田:yasuda 永井:nagai 内藤:naito 樋口:higuchi 荒木:araki 八木:yagi 秋山:akiyama 大島:oshima
    松下:matsushita 田口:taguchi 広瀬:hirose 片山:katayama 小沢:ozawa 馬場:baba 田辺:tanabe
    上村:uemura 熊谷:kumagai 石原:ishihara 早川:hayakawa 松村:matsumura 須藤:sudo 川上:kawakami
    黒田:kuroda 望月:mochizuki
"""
_FAMILY_FIRST = """
    青:ao 赤:aka 秋:aki 朝:asa 荒:ara 石:ishi 市:ichi 今:ima 岩:iwa 植:ue 梅:ume 大:o 岡:oka
    奥:oku 金:kane 川:kawa 北:kita 桐:kiri 草:kusa 黒:kuro 桑:kuwa 坂:saka 桜:sakura 沢:sawa
    塩:shio 島:shima 白:shira 杉:sugi 関:seki 高:taka 竹:take 谷:tani 寺:tera 富:tomi 長:naga
    永:naga 西:nishi 新:nii 野:no 橋:hashi 花:hana 浜:hama 早:haya 平:hira 深:fuka 福:fuku
    藤:fuji 古:furu 細:hoso 堀:hori 前:mae 牧:maki 松:matsu 丸:maru 三:mi 水:mizu 南:minami
    宮:miya 村:mura 森:mori 矢:ya 安:yasu 柳:yanagi 山:yama 横:yoko 吉:yoshi 若:waka
"""
_FAMILY_SECOND = """
    田:da 本:moto 川:kawa 村:mura 井:i 野:no 山:yama 島:shima 崎:saki 沢:sawa 原:hara 木:ki
    谷:tani 岡:oka 内:uchi 口:guchi 尾:o 林:bayashi 倉:kura 橋:hashi
"""
_GIVEN = {
    "female": """
        恵子:keiko 幸子:sachiko 和子:kazuko 洋子:yoko 由美子:yumiko 美咲:misaki さくら:sakura
        葵:aoi 愛:ai 美穂:miho 彩:aya 麻衣:mai 優子:yuko 真由美:mayumi 智子:tomoko 久美子:kumiko
        裕子:yuko 美香:mika 恵:megumi 京子:kyoko 純子:junko 凛:rin 結菜:yuina 陽菜:hina
        七海:nanami 遥:haruka 早紀:saki 千尋:chihiro 瞳:hitomi 友美:tomomi 麻美:asami 絵里:eri
        香:kaori 節子:setsuko 文子:fumiko みどり:midori ゆかり:yukari 悦子:etsuko 弘子:hiroko
    """,
    "male": """
        誠:makoto 隆:takashi 博:hiroshi 茂:shigeru 勝:masaru 清:kiyoshi 正:tadashi 進:susumu
        豊:yutaka 実:minoru 大輔:daisuke 健太:kenta 翔:sho 蓮:ren 大翔:hiroto 拓也:takuya
        達也:tatsuya 哲也:tetsuya 雄太:yuta 健:ken 剛:tsuyoshi 剛志:takeshi 聡:satoshi 徹:toru
        修:osamu 昇:noboru 大樹:daiki 悠斗:yuto 陸:riku 颯太:sota 亮:ryo 慎一:shinichi
        雄一:yuichi 慎吾:shingo 匠:takumi 駿:shun 圭:kei 裕介:yusuke 孝:takashi 司:tsukasa
    """,
}
_GIVEN_FIRST = {
    "female": """
        美:mi 優:yu 真:ma 奈:na 沙:sa 絵:e 千:chi 里:ri 亜:a 彩:aya 和:kazu 智:tomo 直:nao
        久:hisa 明:aki 春:haru 夏:natsu 秋:aki 朋:tomo 理:ri 友:yu 佳:yoshi 由:yu 麻:ma 加:ka
        早:sa 有:yu 貴:taka
    """,
    "male": """
        和:kazu 正:masa 直:nao 英:hide 義:yoshi 健:take 隆:taka 秀:hide 信:nobu 俊:toshi 智:tomo
        幸:yuki 康:yasu 昭:aki 勝:katsu 博:hiro 弘:hiro 雅:masa 貴:taka 光:mitsu 清:kiyo
        敏:toshi 浩:hiro 裕:hiro 晴:haru 友:tomo 久:hisa 文:fumi 重:shige
    """,
}
_GIVEN_SECOND = {
    "female": """
        子:ko 美:mi 香:ka 奈:na 恵:e 里:ri 花:ka 代:yo 菜:na 江:e 穂:ho 衣:i 絵:e 乃:no 紀:ki
    """,
    "male": """
        夫:o 男:o 雄:o 之:yuki 彦:hiko 人:to 也:ya 樹:ki 明:aki 行:yuki 治:haru 志:shi 輝:teru
        仁:hito 成:nari 則:nori 哉:ya 紀:nori
    """,
}


def given(gender: str) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """Return the common given names and the composed ones, each written and romanised."""
    listed = [(written, roman.lower()) for written, roman in japanese_given(gender)]
    common = dict([*_read(_GIVEN[gender]), *listed])
    composed = _composed(_GIVEN_FIRST[gender], _GIVEN_SECOND[gender])
    return tuple(common.items()), tuple(p for p in composed if p[0] not in common)


def family() -> tuple[tuple[tuple[Pair, float], ...], tuple[Pair, ...]]:
    """Return the common family names with their weights, and the composed ones.

    Faker's have their numbers of bearers; of the others each is a little rarer than the one before.
    """
    listed = {(written, roman.lower()): count for written, roman, count in japanese_family()}
    least = min(listed.values())
    known = {written for written, _ in listed}
    further = [pair for pair in _read(_FAMILY) if pair[0] not in known]
    common = listed | {pair: least * 0.99**place for place, pair in enumerate(further, start=1)}
    known |= {written for written, _ in further}
    composed = _composed(_FAMILY_FIRST, _FAMILY_SECOND)
    return tuple(common.items()), tuple(p for p in composed if p[0] not in known)


def _composed(firsts: str, seconds: str) -> Iterable[Pair]:
    for (one, read), (two, ending) in product(_read(firsts), _read(seconds)):
        if one != two and read != ending:
            yield one + two, read + ending


def _read(tokens: str) -> list[Pair]:
    pairs = (token.split(":") for token in tokens.split())
    return [(written, roman) for written, roman in pairs]
