"""The Reflex application: every page with its route and load handler."""

import reflex as rx

from herwa_web import texts
from herwa_web.components.account_menu import ACCOUNT_URL
from herwa_web.components.policy_links import DATA_URL, OWN_DATA_URL, PRIVACY_URL, TERMS_URL
from herwa_web.layout_state import build_tab_title
from herwa_web.navigation import (
    AUDIT_ITEM,
    CHANNELS_ITEM,
    EXPORTS_ITEM,
    FEATURES_ITEM,
    KEYS_ITEM,
    PRIVACY_ITEM,
    RULES_ITEM,
    SETTINGS_ITEM,
    START_ITEM,
    WIDGETS_ITEM,
)
from herwa_web.pages.account.page import account_page
from herwa_web.pages.account.state import AccountState
from herwa_web.pages.admin.announcements.page import announcements_page
from herwa_web.pages.admin.announcements.state import AdminAnnouncementsState
from herwa_web.pages.admin.audit.page import operator_audit_page
from herwa_web.pages.admin.audit.state import AdminAuditState
from herwa_web.pages.admin.features.page import operator_features_page
from herwa_web.pages.admin.features.state import AdminFeaturesState
from herwa_web.pages.admin.frame import ANNOUNCEMENTS_ITEM, HEALTH_ITEM, SERVERS_ITEM, TIERS_ITEM, build_panel_title
from herwa_web.pages.admin.frame import AUDIT_ITEM as OPERATOR_AUDIT_ITEM
from herwa_web.pages.admin.frame import FEATURES_ITEM as OPERATOR_FEATURES_ITEM
from herwa_web.pages.admin.frame import OVERVIEW_ITEM as OPERATOR_OVERVIEW_ITEM
from herwa_web.pages.admin.health.page import health_page
from herwa_web.pages.admin.health.state import AdminHealthState
from herwa_web.pages.admin.overview.page import operator_overview_page
from herwa_web.pages.admin.overview.state import AdminOverviewState
from herwa_web.pages.admin.server.page import server_page
from herwa_web.pages.admin.server.state import AdminServerState
from herwa_web.pages.admin.servers.page import servers_page
from herwa_web.pages.admin.servers.state import AdminServersState
from herwa_web.pages.admin.tiers.page import tiers_page
from herwa_web.pages.admin.tiers.state import AdminTiersState
from herwa_web.pages.audit.page import audit_page
from herwa_web.pages.audit.state import AuditState
from herwa_web.pages.channel_lists.page import channel_lists_page
from herwa_web.pages.channel_lists.state import ChannelListsState
from herwa_web.pages.exports.page import exports_page
from herwa_web.pages.exports.state import ExportsState
from herwa_web.pages.features.page import features_page
from herwa_web.pages.features.state import FeaturesState
from herwa_web.pages.guild.overview import ROUTE, overview_page
from herwa_web.pages.guild.state import OverviewState
from herwa_web.pages.home.page import home_page
from herwa_web.pages.home.state import HomeState
from herwa_web.pages.keys.page import keys_page
from herwa_web.pages.keys.state import KeysState
from herwa_web.pages.leaked_key import texts as leak_texts
from herwa_web.pages.leaked_key.page import ROUTE as LEAKED_KEY_ROUTE
from herwa_web.pages.leaked_key.page import leaked_key_page
from herwa_web.pages.login import LoginState, login_page
from herwa_web.pages.not_found import not_found_page
from herwa_web.pages.own_data import texts as own_data_texts
from herwa_web.pages.own_data.left_servers import LeftServersState
from herwa_web.pages.own_data.page import own_data_page
from herwa_web.pages.own_data.state import OwnDataState
from herwa_web.pages.policies import texts as policy_texts
from herwa_web.pages.policies.page import data_page, privacy_policy_page, terms_page
from herwa_web.pages.policies.state import PolicyState
from herwa_web.pages.privacy.page import privacy_page
from herwa_web.pages.privacy.state import PrivacyState
from herwa_web.pages.rules.page import rules_page
from herwa_web.pages.rules.state import RulesState
from herwa_web.pages.settings.page import settings_page
from herwa_web.pages.settings.state import SettingsState
from herwa_web.pages.start.page import start_page
from herwa_web.pages.start.state import StartState
from herwa_web.pages.widgets.page import widgets_page
from herwa_web.pages.widgets.state import WidgetsState
from herwa_web.reflex_setup import configure_app, create_app
from herwa_web.theme import STYLESHEETS, css_variables

app = create_app(
    stylesheets=STYLESHEETS,
    head_components=[
        css_variables(),
        rx.el.link(rel="icon", href="/logo.svg", type="image/svg+xml"),
        rx.el.meta(name="color-scheme", content="light dark"),
        rx.el.script(src="/connection.js"),  # before Reflex opens its WebSocket
        rx.el.script(src="/herwa.js"),  # before the first paint
        rx.el.script(src="/menus.js", defer=True),
        rx.el.script(src="/tooltips.js", defer=True),
    ],
)
app.add_page(
    home_page,
    route="/",
    title=rx.cond(HomeState.phase == "ready", texts.HOME_TAB, texts.APP_NAME),
    description=texts.APP_DESCRIPTION,
    on_load=HomeState.load,
)
app.add_page(login_page, route="/login", title=texts.LOGIN_TAB, on_load=LoginState.read)
app.add_page(overview_page, route=ROUTE, title=build_tab_title(texts.OVERVIEW), on_load=OverviewState.load)
app.add_page(
    features_page,
    route=f"{ROUTE}{FEATURES_ITEM.path}",
    title=build_tab_title(texts.FEATURES),
    on_load=FeaturesState.load,
)
app.add_page(
    rules_page, route=f"{ROUTE}{RULES_ITEM.path}", title=build_tab_title(texts.ACCESS_RULES), on_load=RulesState.load
)
app.add_page(
    channel_lists_page,
    route=f"{ROUTE}{CHANNELS_ITEM.path}",
    title=build_tab_title(texts.CHANNEL_LISTS),
    on_load=ChannelListsState.load,
)
app.add_page(
    audit_page, route=f"{ROUTE}{AUDIT_ITEM.path}", title=build_tab_title(texts.AUDIT_LOG), on_load=AuditState.load
)
for policy_page, policy_url, policy_title, policy_lead in (
    (privacy_policy_page, PRIVACY_URL, policy_texts.PRIVACY, policy_texts.PRIVACY_LEAD),
    (terms_page, TERMS_URL, policy_texts.TERMS, policy_texts.TERMS_LEAD),
    (data_page, DATA_URL, policy_texts.DATA, policy_texts.DATA_LEAD),
):
    app.add_page(
        policy_page,
        route=policy_url,
        title=f"{policy_title} · {texts.APP_NAME}",
        description=policy_lead,
        on_load=PolicyState.load,
    )
app.add_page(leaked_key_page, route=LEAKED_KEY_ROUTE, title=f"{leak_texts.TITLE} · {texts.APP_NAME}")
app.add_page(
    settings_page,
    route=f"{ROUTE}{SETTINGS_ITEM.path}",
    title=build_tab_title(texts.SETTINGS),
    on_load=SettingsState.load,
)
app.add_page(
    widgets_page,
    route=f"{ROUTE}{WIDGETS_ITEM.path}",
    title=build_tab_title(texts.WIDGETS),
    on_load=WidgetsState.load,
)
app.add_page(keys_page, route=f"{ROUTE}{KEYS_ITEM.path}", title=build_tab_title(texts.API_KEYS), on_load=KeysState.load)
app.add_page(
    exports_page, route=f"{ROUTE}{EXPORTS_ITEM.path}", title=build_tab_title(texts.EXPORTS), on_load=ExportsState.load
)
app.add_page(
    privacy_page,
    route=f"{ROUTE}{PRIVACY_ITEM.path}",
    title=build_tab_title(texts.PRIVACY),
    on_load=PrivacyState.load,
)
app.add_page(
    start_page, route=f"{ROUTE}{START_ITEM.path}", title=build_tab_title(texts.FIRST_STEPS), on_load=StartState.load
)
app.add_page(account_page, route=ACCOUNT_URL, title=texts.ACCOUNT_TAB, on_load=AccountState.load)
app.add_page(
    own_data_page,
    route=OWN_DATA_URL,
    title=f"{own_data_texts.TITLE} · {texts.APP_NAME}",
    on_load=[OwnDataState.load, LeftServersState.load],
)
app.add_page(
    operator_overview_page,
    route=OPERATOR_OVERVIEW_ITEM.href,
    title=build_panel_title(OPERATOR_OVERVIEW_ITEM.label),
    on_load=AdminOverviewState.load,
)
app.add_page(
    health_page, route=HEALTH_ITEM.href, title=build_panel_title(HEALTH_ITEM.label), on_load=AdminHealthState.load
)
app.add_page(
    servers_page,
    route=SERVERS_ITEM.href,
    title=build_panel_title(SERVERS_ITEM.label),
    on_load=AdminServersState.load,
)
app.add_page(
    server_page,
    route=f"{SERVERS_ITEM.href}/[server_id]",
    title=build_panel_title(AdminServerState.view.name),
    on_load=AdminServerState.load,
)
app.add_page(tiers_page, route=TIERS_ITEM.href, title=build_panel_title(TIERS_ITEM.label), on_load=AdminTiersState.load)
app.add_page(
    operator_features_page,
    route=OPERATOR_FEATURES_ITEM.href,
    title=build_panel_title(OPERATOR_FEATURES_ITEM.label),
    on_load=AdminFeaturesState.load,
)
app.add_page(
    announcements_page,
    route=ANNOUNCEMENTS_ITEM.href,
    title=build_panel_title(ANNOUNCEMENTS_ITEM.label),
    on_load=AdminAnnouncementsState.load,
)
app.add_page(
    operator_audit_page,
    route=OPERATOR_AUDIT_ITEM.href,
    title=build_panel_title(OPERATOR_AUDIT_ITEM.label),
    on_load=AdminAuditState.load,
)
app.add_page(not_found_page, route="404", title=texts.NOT_FOUND_TAB)
configure_app(app)
