// SPDX-License-Identifier: MPL-2.0
//! The chosen camera's picture on paper, with what it shows and the details of the case.

use super::Window;
use crate::{
    model::{
        look::Look,
        words::{tr, trf},
    },
    widgets::{screen::Picture, tile::picture},
};
use adw::prelude::*;
use gtk::{cairo, graphene};

/// Asks for the details of the case, then prints.
pub fn print(window: &Window) {
    window.change_playback(|playback| playback.playing = false);
    let case = adw::EntryRow::builder().title(tr("Case")).build();
    let examiner = adw::EntryRow::builder().title(tr("Examiner")).build();
    {
        let state = window.0.state.borrow();
        case.set_text(&state.case);
        examiner.set_text(&state.examiner);
    }
    let group = adw::PreferencesGroup::new();
    group.add(&case);
    group.add(&examiner);
    let dialog = adw::MessageDialog::builder()
        .heading(tr("Print the picture"))
        .extra_child(&group)
        .transient_for(&window.0.window)
        .modal(true)
        .default_response("print")
        .close_response("cancel")
        .build();
    dialog.add_response("cancel", tr("Cancel"));
    dialog.add_response("print", tr("Print"));
    dialog.set_response_appearance("print", adw::ResponseAppearance::Suggested);
    let window = window.clone();
    dialog.connect_response(Some("print"), move |_, _| {
        {
            let mut state = window.0.state.borrow_mut();
            state.case = case.text().to_string();
            state.examiner = examiner.text().to_string();
        }
        start(&window);
    });
    dialog.present();
}

fn start(window: &Window) {
    let recording = window.recording();
    let here = window.here();
    let camera = window.0.grid.selected();
    let tile = window.0.grid.tile(camera).filter(|tile| tile.is_recorded());
    let Some(frame) = tile.and_then(|tile| tile.frame()) else {
        window.toast(crate::player::nothing_recorded());
        return;
    };
    let number = camera.to_string();
    let clock = frame.clock.or_else(|| recording.clock_at(here));
    let mut lines = Vec::new();
    {
        let state = window.0.state.borrow();
        for (text, value) in [(tr("Case"), &state.case), (tr("Examiner"), &state.examiner)] {
            if !value.is_empty() {
                lines.push(format!("{text}: {value}"));
            }
        }
    }
    lines.push(format!(
        "{} {}",
        trf("Camera {number}", &[("number", &number)]),
        recording.title_of(camera)
    ));
    let time = clock
        .map(|clock| recording.time_text(clock))
        .unwrap_or_default();
    lines.push(format!("{}: {time}", tr("Recorder's clock")));
    if let Some(part) = recording.parts.get(here.part) {
        let file = part
            .input_of(camera)
            .map_or(part.path(), |input| &input.path);
        lines.push(format!("{}: {}", tr("File"), file.display()));
    }
    let picture = picture(&frame, &Look::default());
    let ratio = frame.pixel_aspect * f64::from(frame.width) / f64::from(frame.height.max(1));
    let operation = gtk::PrintOperation::new();
    operation.set_n_pages(1);
    operation.set_job_name(&recording.title());
    operation.connect_draw_page(move |_, context, _| {
        let page = context.cairo_context();
        let _ = draw(
            &page,
            &picture,
            ratio,
            (context.width(), context.height()),
            &lines,
        );
    });
    let done = operation.run(
        gtk::PrintOperationAction::PrintDialog,
        Some(&window.0.window),
    );
    if let Err(error) = done {
        window.show_problem(&error.to_string());
    }
}

fn draw(
    page: &cairo::Context,
    picture: &Picture,
    ratio: f64,
    (width, height): (f64, f64),
    lines: &[String],
) -> Result<(), cairo::Error> {
    let tall = (width / ratio).min(height * 0.75);
    let wide = tall * ratio;
    let area = graphene::Rect::new(0.0, 0.0, wide as f32, tall as f32);
    let _ = picture.paint(page, &area);
    page.select_font_face("Sans", cairo::FontSlant::Normal, cairo::FontWeight::Normal);
    page.set_font_size(11.0);
    let mut y = tall;
    for line in lines {
        y += 16.0;
        page.move_to(0.0, y);
        page.show_text(line)?;
    }
    Ok(())
}
